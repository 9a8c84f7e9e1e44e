using System.Runtime.InteropServices;
using VirtualEmFs.Codecs;
using Xunit;

namespace VirtualEmFs.Tests.Codecs;

public sealed class PredictorTests
{
    /// <summary>A vector's carry into the next, or a row's into the next, would shift all samples behind it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(1000)]
    public void UndoHorizontal_EachSampleLength_SumsRowsAlone(int columns)
    {
        Check<byte>(columns, (left, right) => unchecked((byte)(left - right)));
        Check<ushort>(columns, (left, right) => unchecked((ushort)(left - right)));
        Check<uint>(columns, (left, right) => unchecked(left - right));
        Check<ulong>(columns, (left, right) => unchecked(left - right));
    }

    [Theory]
    [InlineData(2, 5)]
    [InlineData(4, 1)]
    [InlineData(4, 47)]
    [InlineData(8, 130)]
    public void UndoFloatingPoint_PlanesOfDifferences_GivesSamples(int sampleLengthBytes, int columns)
    {
        const int Rows = 3;
        byte[] samples = new byte[Rows * columns * sampleLengthBytes];
        new Random(5).NextBytes(samples);
        byte[] stored = new byte[samples.Length];
        int rowLengthBytes = columns * sampleLengthBytes;
        for (int row = 0; row < Rows; row++)
        {
            var planes = stored.AsSpan(row * rowLengthBytes, rowLengthBytes);
            for (int i = 0; i < columns; i++)
            {
                for (int plane = 0; plane < sampleLengthBytes; plane++)
                {
                    planes[(plane * columns) + i] = samples[(row * rowLengthBytes) + (i * sampleLengthBytes) + sampleLengthBytes - 1 - plane];
                }
            }

            for (int i = rowLengthBytes - 1; i > 0; i--)
            {
                planes[i] = unchecked((byte)(planes[i] - planes[i - 1]));
            }
        }

        Predictor.UndoFloatingPoint(stored, columns, sampleLengthBytes);
        Assert.Equal(samples, stored);
    }

    private static void Check<T>(int columns, Func<T, T, T> subtract)
        where T : unmanaged
    {
        const int Rows = 4;
        byte[] samples = new byte[Rows * columns * Marshal.SizeOf<T>()];
        new Random(columns).NextBytes(samples);
        byte[] stored = [.. samples];
        var differences = MemoryMarshal.Cast<byte, T>(stored.AsSpan());
        for (int i = differences.Length - 1; i > 0; i--)
        {
            if (i % columns != 0)
            {
                differences[i] = subtract(differences[i], differences[i - 1]);
            }
        }

        Predictor.UndoHorizontal(stored, columns, Marshal.SizeOf<T>());
        Assert.Equal(samples, stored);
    }
}
