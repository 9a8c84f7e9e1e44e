using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace VirtualEmFs.Frames.Kernels;

/// <summary>
/// Loads stored samples of one type and converts them to float32, each rounded once, to nearest even. The type argument of the
/// kernels' loops: the JIT makes one loop for each type.
/// </summary>
/// <remarks>Every method reads unaligned bytes at <c>source</c>: one, four or eight samples.</remarks>
internal interface IStoredSamples
{
    static abstract int LengthBytes { get; }

    static abstract float ToSingle(ref byte source);

    static abstract Vector128<float> ToVector128(ref byte source);

    static abstract Vector256<float> ToVector256(ref byte source);
}

internal readonly struct StoredUInt8 : IStoredSamples
{
    public static int LengthBytes => 1;

    public static float ToSingle(ref byte source) => source;

    // Four bytes go to the low lanes of a vector and widen to 16, then to 32 bits; the conversion is exact.
    public static Vector128<float> ToVector128(ref byte source)
    {
        var bytes = Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(ref source)).AsByte();
        return Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(bytes)).AsInt32());
    }

    public static Vector256<float> ToVector256(ref byte source)
    {
        var bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref source)).AsByte();
        return Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(bytes));
    }
}

internal readonly struct StoredInt8 : IStoredSamples
{
    public static int LengthBytes => 1;

    public static float ToSingle(ref byte source) => unchecked((sbyte)source);

    public static Vector128<float> ToVector128(ref byte source)
    {
        var bytes = Vector128.CreateScalar(Unsafe.ReadUnaligned<uint>(ref source)).AsSByte();
        return Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(bytes)));
    }

    public static Vector256<float> ToVector256(ref byte source)
    {
        var bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(ref source)).AsSByte();
        return Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(bytes));
    }
}

internal readonly struct StoredUInt16 : IStoredSamples
{
    public static int LengthBytes => 2;

    public static float ToSingle(ref byte source) => Unsafe.ReadUnaligned<ushort>(ref source);

    public static Vector128<float> ToVector128(ref byte source)
    {
        var words = Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref source)).AsUInt16();
        return Vector128.ConvertToSingle(Vector128.WidenLower(words).AsInt32());
    }

    public static Vector256<float> ToVector256(ref byte source) =>
        Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Vector128.LoadUnsafe(ref source).AsUInt16()));
}

internal readonly struct StoredInt16 : IStoredSamples
{
    public static int LengthBytes => 2;

    public static float ToSingle(ref byte source) => Unsafe.ReadUnaligned<short>(ref source);

    public static Vector128<float> ToVector128(ref byte source)
    {
        var words = Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref source)).AsInt16();
        return Vector128.ConvertToSingle(Vector128.WidenLower(words));
    }

    public static Vector256<float> ToVector256(ref byte source) =>
        Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Vector128.LoadUnsafe(ref source).AsInt16()));
}

internal readonly struct StoredInt32 : IStoredSamples
{
    public static int LengthBytes => 4;

    public static float ToSingle(ref byte source) => Unsafe.ReadUnaligned<int>(ref source);

    public static Vector128<float> ToVector128(ref byte source) =>
        Vector128.ConvertToSingle(Vector128.LoadUnsafe(ref source).AsInt32());

    public static Vector256<float> ToVector256(ref byte source) =>
        Vector256.ConvertToSingle(Vector256.LoadUnsafe(ref source).AsInt32());
}

internal readonly struct StoredUInt32 : IStoredSamples
{
    public static int LengthBytes => 4;

    public static float ToSingle(ref byte source) => Unsafe.ReadUnaligned<uint>(ref source);

    // No unsigned conversion below AVX-512. The halves convert exactly, the upper one also after its scaling
    // (16 bits times a power of two), so only the sum rounds.
    public static Vector128<float> ToVector128(ref byte source)
    {
        var words = Vector128.LoadUnsafe(ref source).AsUInt32();
        var upper = Vector128.ConvertToSingle((words >>> 16).AsInt32());
        var lower = Vector128.ConvertToSingle((words & Vector128.Create(0xFFFFu)).AsInt32());
        return (upper * Vector128.Create(65536f)) + lower;
    }

    public static Vector256<float> ToVector256(ref byte source)
    {
        var words = Vector256.LoadUnsafe(ref source).AsUInt32();
        var upper = Vector256.ConvertToSingle((words >>> 16).AsInt32());
        var lower = Vector256.ConvertToSingle((words & Vector256.Create(0xFFFFu)).AsInt32());
        return (upper * Vector256.Create(65536f)) + lower;
    }
}

internal readonly struct StoredInt64 : IStoredSamples
{
    public static int LengthBytes => 8;

    public static float ToSingle(ref byte source)
    {
        long value = Unsafe.ReadUnaligned<long>(ref source);
        ulong magnitude = unchecked((ulong)(value < 0 ? -value : value));
        float single = StoredUInt64.Round(magnitude);
        return value < 0 ? -single : single;
    }

    public static Vector128<float> ToVector128(ref byte source) => Lanes.Gather128<StoredInt64>(ref source);

    public static Vector256<float> ToVector256(ref byte source) => Lanes.Gather256<StoredInt64>(ref source);
}

internal readonly struct StoredUInt64 : IStoredSamples
{
    public static int LengthBytes => 8;

    public static float ToSingle(ref byte source) => Round(Unsafe.ReadUnaligned<ulong>(ref source));

    public static Vector128<float> ToVector128(ref byte source) => Lanes.Gather128<StoredUInt64>(ref source);

    public static Vector256<float> ToVector256(ref byte source) => Lanes.Gather256<StoredUInt64>(ref source);

    // By way of double, which rounds a second time. The 11 bits that double cannot hold are folded into one sticky bit first, far
    // below float32's last place, so the second rounding is the only one that matters.
    internal static float Round(ulong value)
    {
        const ulong SpareBits = 0x7FF;
        if (value >> 53 == 0)
        {
            return (float)(double)(long)value;
        }

        ulong sticky = (value & ~SpareBits) | ((value & SpareBits) != 0 ? SpareBits + 1 : 0);
        return (float)((double)(long)(sticky >> 11) * (SpareBits + 1));
    }
}

internal readonly struct StoredFloat16 : IStoredSamples
{
    public static int LengthBytes => 2;

    // The conversions of the framework and of the processor make every NaN a quiet one; moved by hand it keeps its bits.
    public static float ToSingle(ref byte source)
    {
        uint half = Unsafe.ReadUnaligned<ushort>(ref source);
        return (half & 0x7FFF) <= 0x7C00
            ? (float)BitConverter.UInt16BitsToHalf((ushort)half)
            : BitConverter.UInt32BitsToSingle(((half & 0x8000) << 16) | 0x7F800000u | ((half & 0x03FF) << 13));
    }

    // Exponent and significand move to float32's places, and one multiplication by 2^(127-15) corrects the exponent's bias; it is
    // exact and turns half's subnormals into normal numbers. Infinity and NaN get the full exponent by an OR.
    public static Vector128<float> ToVector128(ref byte source)
    {
        var halves = Vector128.WidenLower(
            Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref source)).AsUInt16());
        var sign = (halves & Vector128.Create(0x8000u)) << 16;
        var magnitude = (halves & Vector128.Create(0x7FFFu)) << 13;
        var scaled = (magnitude.AsSingle() * Vector128.Create(5.192296858534828e+33f)).AsUInt32();
        var special = Vector128.GreaterThan(magnitude, Vector128.Create(0x0F7FFFFFu));
        return (sign | scaled | (special & (magnitude | Vector128.Create(0x7F800000u)))).AsSingle();
    }

    public static Vector256<float> ToVector256(ref byte source)
    {
        var halves = Avx2.ConvertToVector256Int32(Vector128.LoadUnsafe(ref source).AsUInt16()).AsUInt32();
        var sign = (halves & Vector256.Create(0x8000u)) << 16;
        var magnitude = (halves & Vector256.Create(0x7FFFu)) << 13;
        var scaled = (magnitude.AsSingle() * Vector256.Create(5.192296858534828e+33f)).AsUInt32();
        var special = Vector256.GreaterThan(magnitude, Vector256.Create(0x0F7FFFFFu));
        return (sign | scaled | (special & (magnitude | Vector256.Create(0x7F800000u)))).AsSingle();
    }
}

internal readonly struct StoredFloat32 : IStoredSamples
{
    public static int LengthBytes => 4;

    public static float ToSingle(ref byte source) => Unsafe.ReadUnaligned<float>(ref source);

    public static Vector128<float> ToVector128(ref byte source) => Vector128.LoadUnsafe(ref source).AsSingle();

    public static Vector256<float> ToVector256(ref byte source) => Vector256.LoadUnsafe(ref source).AsSingle();
}

internal readonly struct StoredFloat64 : IStoredSamples
{
    public static int LengthBytes => 8;

    public static float ToSingle(ref byte source) => (float)Unsafe.ReadUnaligned<double>(ref source);

    public static Vector128<float> ToVector128(ref byte source) => Vector128.Narrow(
        Vector128.LoadUnsafe(ref source).AsDouble(),
        Vector128.LoadUnsafe(ref source, 16).AsDouble());

    public static Vector256<float> ToVector256(ref byte source) => Vector256.Narrow(
        Vector256.LoadUnsafe(ref source).AsDouble(),
        Vector256.LoadUnsafe(ref source, 32).AsDouble());
}

/// <summary>Vectors of samples that have no vector conversion.</summary>
internal static class Lanes
{
    public static Vector128<float> Gather128<TStored>(ref byte source)
        where TStored : struct, IStoredSamples =>
        Vector128.Create(
            TStored.ToSingle(ref source),
            TStored.ToSingle(ref Unsafe.Add(ref source, TStored.LengthBytes)),
            TStored.ToSingle(ref Unsafe.Add(ref source, 2 * TStored.LengthBytes)),
            TStored.ToSingle(ref Unsafe.Add(ref source, 3 * TStored.LengthBytes)));

    public static Vector256<float> Gather256<TStored>(ref byte source)
        where TStored : struct, IStoredSamples =>
        Vector256.Create(
            Gather128<TStored>(ref source),
            Gather128<TStored>(ref Unsafe.Add(ref source, 4 * TStored.LengthBytes)));
}
