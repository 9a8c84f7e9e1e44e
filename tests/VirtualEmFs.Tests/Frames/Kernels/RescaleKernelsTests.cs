using System.Buffers.Binary;
using System.Runtime.InteropServices;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Kernels;
using Xunit;

namespace VirtualEmFs.Tests.Frames.Kernels;

public sealed class RescaleKernelsTests
{
    public static TheoryData<SampleType, KernelPath> TypesAndPaths()
    {
        var data = new TheoryData<SampleType, KernelPath>();
        foreach (var type in Enum.GetValues<SampleType>())
        {
            foreach (var path in Enum.GetValues<KernelPath>().Where(KernelPaths.IsSupported))
            {
                data.Add(type, path);
            }
        }

        return data;
    }

    private static readonly Rescale[] s_rescales =
    [
        Rescale.None,
        new(-3.7f, 5.1f, 5),
        new(0, 31, 5),
        new(-1, 1, 8),
        new(-4.1234567f, 4.1234567f, 12),
        new(2.5f, 2.5f, 8),
        new(-1e30f, 1e30f, 16),
        new(-1e-38f, 3e-38f, 1),
        new(7, -9, 24),
        new(-100, 3e9f, 32),
        new(float.NegativeInfinity, 1, 8),
        new(float.NaN, 1, 8),
    ];

    /// <summary>Odd lengths reach every tail; offsets misalign source and destination; a guard sample shows a store past the end.</summary>
    [Theory]
    [MemberData(nameof(TypesAndPaths))]
    public void ToFloat32_AnyLengthAndAlignment_EqualsRescaleApply(SampleType type, KernelPath path)
    {
        var random = new Random(17);
        int sampleLengthBytes = type.LengthBytes();
        foreach (var rescale in s_rescales)
        {
            foreach (int count in (int[])[0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100, 1027])
            {
                int misalignment = random.Next(0, 8);
                byte[] source = new byte[(count * sampleLengthBytes) + misalignment];
                random.NextBytes(source);
                var samples = source.AsSpan(misalignment);
                var target = new float[count + 2];
                target[0] = target[^1] = 12345f;

                RescaleKernels.ToFloat32(samples, type, rescale, target.AsSpan(1, count), path);

                Assert.Equal(12345f, target[0]);
                Assert.Equal(12345f, target[^1]);
                for (int i = 0; i < count; i++)
                {
                    AssertSame(rescale.Apply(Convert(samples.Slice(i * sampleLengthBytes), type)), target[i + 1]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(TypesAndPaths))]
    public void ToFloat32_Extremes_RoundOnceToNearestEven(SampleType type, KernelPath path)
    {
        byte[] samples = Extremes(type);
        int sampleLengthBytes = type.LengthBytes();
        var target = new float[samples.Length / sampleLengthBytes];
        RescaleKernels.ToFloat32(samples, type, Rescale.None, target, path);
        for (int i = 0; i < target.Length; i++)
        {
            AssertSame(Convert(samples.AsSpan(i * sampleLengthBytes), type), target[i]);
        }
    }

    [Theory]
    [InlineData(KernelPath.Scalar)]
    [InlineData(KernelPath.Vector128)]
    [InlineData(KernelPath.Vector256)]
    public void ToFloat32_EveryStoredUInt16_EqualsRescaleApply(KernelPath path)
    {
        Assert.SkipUnless(KernelPaths.IsSupported(path), $"this processor has no {path}");
        var stored = Enumerable.Range(0, 65536).Select(i => (ushort)i).ToArray();
        var target = new float[stored.Length];
        foreach (var rescale in (Rescale[])[new(-1.2345f, 9.876f, 16), new(-5, 5, 12), new(-0.1f, 0.3f, 10)])
        {
            RescaleKernels.ToFloat32(MemoryMarshal.AsBytes<ushort>(stored), SampleType.UInt16, rescale, target, path);
            for (int i = 0; i < stored.Length; i++)
            {
                Assert.Equal(BitConverter.SingleToInt32Bits(rescale.Apply(i)), BitConverter.SingleToInt32Bits(target[i]));
            }
        }
    }

    /// <summary>Signalling NaN included: "losslessly" is every bit, and whoever marks pixels with NaN may tell several apart.</summary>
    [Theory]
    [InlineData(KernelPath.Scalar)]
    [InlineData(KernelPath.Vector128)]
    [InlineData(KernelPath.Vector256)]
    public void ToFloat32_EveryFloat16_KeepsItsValueOrItsNanBits(KernelPath path)
    {
        Assert.SkipUnless(KernelPaths.IsSupported(path), $"this processor has no {path}");
        ushort[] stored = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        var target = new float[stored.Length];
        RescaleKernels.ToFloat32(MemoryMarshal.AsBytes<ushort>(stored), SampleType.Float16, Rescale.None, target, path);
        for (uint i = 0; i < stored.Length; i++)
        {
            uint expected = (i & 0x7FFF) > 0x7C00
                ? ((i >> 15) << 31) | (0xFFu << 23) | ((i & 0x3FF) << 13)
                : BitConverter.SingleToUInt32Bits((float)BitConverter.UInt16BitsToHalf((ushort)i));
            Assert.Equal(expected, BitConverter.SingleToUInt32Bits(target[i]));
        }
    }

    /// <summary>The bin that stands for zero, which EMAN2's order of operations misses by one rounding, reads as exactly 0.</summary>
    [Fact]
    public void ToFloat32_BinThatStandsForZero_IsExactlyZero()
    {
        // 2^5 - 1 bins from -7 to 24 steps of 0.1: integer 7 stands for zero.
        float step = 0.1f;
        var rescale = new Rescale(-7 * step, 24 * step, 5);
        byte[] stored = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
        var target = new float[32];
        RescaleKernels.ToFloat32(stored, SampleType.UInt8, rescale, target);
        Assert.Equal(0, BitConverter.SingleToInt32Bits(target[7]));
        Assert.DoesNotContain(0f, target[..7]);
        Assert.DoesNotContain(0f, target[8..]);
    }

    [Fact]
    public void ToFloat32_Float32WithoutRescale_KeepsEveryBit()
    {
        int[] bits = [unchecked((int)0x80000000), 0x7F800001, unchecked((int)0xFFC12345), 1, 0x7F7FFFFF, 0];
        var target = new float[bits.Length];
        RescaleKernels.ToFloat32(MemoryMarshal.AsBytes<int>(bits), SampleType.Float32, Rescale.None, target);
        Assert.Equal(bits, MemoryMarshal.Cast<float, int>(target).ToArray());
    }

    [Fact]
    public void ToFloat32_LengthsDisagree_Throws() => Assert.Throws<ArgumentException>(
        () => RescaleKernels.ToFloat32(new byte[5], SampleType.UInt16, Rescale.None, new float[2]));

    [Theory]
    [InlineData(SampleType.UInt8)]
    [InlineData(SampleType.UInt16)]
    [InlineData(SampleType.Float64)]
    public void ToFloat32Bytes_EveryRange_EqualsThatPartOfTheWhole(SampleType type)
    {
        const int Count = 11;
        var rescale = new Rescale(-2, 3, 8);
        byte[] stored = new byte[Count * type.LengthBytes()];
        new Random(3).NextBytes(stored);
        var whole = new float[Count];
        RescaleKernels.ToFloat32(stored, type, rescale, whole);
        byte[] expected = MemoryMarshal.AsBytes<float>(whole).ToArray();
        for (int first = 0; first <= expected.Length; first++)
        {
            for (int length = 0; first + length <= expected.Length; length++)
            {
                byte[] target = new byte[length + 1];
                target[^1] = 0xA5;
                RescaleKernels.ToFloat32Bytes(stored, type, rescale, first, target.AsSpan(0, length));
                Assert.Equal(expected[first..(first + length)], target[..^1]);
                Assert.Equal(0xA5, target[^1]);
            }
        }
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 41)]
    [InlineData(40, 1)]
    public void ToFloat32Bytes_OutsideTheRun_Throws(long firstByte, int lengthBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RescaleKernels.ToFloat32Bytes(
            new byte[10], SampleType.UInt8, Rescale.None, firstByte, new byte[lengthBytes]));

    [Theory]
    [InlineData("Scalar", KernelPath.Scalar)]
    [InlineData("scalar", KernelPath.Scalar)]
    public void Choose_ByName_GivesThatPath(string wish, KernelPath expected) => Assert.Equal(expected, KernelPaths.Choose(wish));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Vector9000")]
    [InlineData("77")]
    public void Choose_NoKnownName_GivesTheWidest(string? wish) =>
        Assert.Equal(Enum.GetValues<KernelPath>().Where(KernelPaths.IsSupported).Max(), KernelPaths.Choose(wish));

    private static void AssertSame(float expected, float actual)
    {
        // Which NaN an operation on NaN gives is not promised; that it is NaN is.
        if (!float.IsNaN(expected) || !float.IsNaN(actual))
        {
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(actual));
        }
    }

    // Rounds 64-bit integers by way of their decimal digits, which no conversion instruction takes part in.
    private static float Convert(ReadOnlySpan<byte> sample, SampleType type) => type switch
    {
        SampleType.Int8 => unchecked((sbyte)sample[0]),
        SampleType.UInt8 => sample[0],
        SampleType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(sample),
        SampleType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(sample),
        SampleType.Int32 => (float)(double)BinaryPrimitives.ReadInt32LittleEndian(sample),
        SampleType.UInt32 => (float)(double)BinaryPrimitives.ReadUInt32LittleEndian(sample),
        SampleType.Int64 => float.Parse($"{BinaryPrimitives.ReadInt64LittleEndian(sample)}"),
        SampleType.UInt64 => float.Parse($"{BinaryPrimitives.ReadUInt64LittleEndian(sample)}"),
        SampleType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(sample),
        SampleType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(sample),
        _ => (float)BinaryPrimitives.ReadDoubleLittleEndian(sample),
    };

    private static byte[] Extremes(SampleType type)
    {
        ulong[] patterns =
        [
            0, 1, 2, 0x7F, 0x80, 0x81, 0xFF, 0x3FF, 0x400, 0x7BFF, 0x7C00, 0x7C01, 0x7E00, 0x7FFF, 0x8000, 0x8001, 0xFC00, 0xFFFF,
            0x00FFFFFF, 0x01000000, 0x01000001, 0x01000002, 0x01000003, 0x7F800000, 0x7FC00001, 0x7FFFFFFF, 0x80000000, 0xFFFFFF7F,
            0xFFFFFF80, 0xFFFFFF81, 0xFFFFFFFF, 0x0020000010000000, 0x0020000010000001, 0x002000000FFFFFFF, 0x7FF0000000000000,
            0x7FF8000000000000, 0x47EFFFFFF0000000, 0x47EFFFFFEFFFFFFF, 0x36A0000000000000, 0x3690000000000001, 0x7FFFFFFFFFFFFFFF,
            0x8000000000000000, 0x8000008000000000, 0x8000008000000001, 0x8000018000000000, 0xFFFFFF7FFFFFFFFF, 0xFFFFFF8000000000,
            0xFFFFFFFFFFFFFFFF, 0x3FF0000010000000, 0x3FF0000010000001, 0x3FF0000030000000,
        ];
        return [.. patterns.SelectMany(pattern => BitConverter.GetBytes(pattern).Take(type.LengthBytes()))];
    }
}
