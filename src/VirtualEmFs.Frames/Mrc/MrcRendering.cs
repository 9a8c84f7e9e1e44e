using System.Buffers;
using System.Buffers.Binary;
using VirtualEmFs.Frames.Kernels;

namespace VirtualEmFs.Frames.Mrc;

/// <summary>
/// Renders stored samples as the bytes that an MRC file of some mode holds: mode 2 (float32) for most archives, or the
/// mode of the file that was archived.
/// </summary>
/// <remarks>Any thread. Modes other than 2 are rendered only from values that were whole numbers of that mode (or float16
/// values) before they were archived: rounding and saturation then change nothing. NaN, which no whole number is, reads as 0 there.</remarks>
public static class MrcRendering
{
    /// <summary>Bytes of one row: mode 101 packs two samples to a byte and rounds rows up to whole bytes.</summary>
    /// <param name="mode">0, 1, 2, 6, 12 or 101.</param>
    public static int RowLengthBytes(int mode, int nx) => mode switch
    {
        0 => nx,
        1 or 6 or 12 => checked(2 * nx),
        2 => checked(4 * nx),
        101 => (nx + 1) / 2,
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "not an MRC mode of real samples"),
    };

    /// <summary>Renders bytes [firstByte, firstByte + destination.Length) of the rendering of whole rows of samples.</summary>
    /// <param name="stored">Rows of nx samples, decoded, in the machine's byte order.</param>
    /// <param name="firstByte">Offset in the rendering; need not be the start of a sample.</param>
    public static void Render(
        ReadOnlySpan<byte> stored, SampleType type, Rescale rescale, int mode, int nx, long firstByte, Span<byte> destination)
    {
        if (mode == 2)
        {
            RescaleKernels.ToFloat32Bytes(stored, type, rescale, firstByte, destination);
            return;
        }

        int rowLengthBytes = RowLengthBytes(mode, nx);
        int storedRowLengthBytes = checked(nx * type.LengthBytes());
        float[] values = ArrayPool<float>.Shared.Rent(nx);
        byte[] rendered = ArrayPool<byte>.Shared.Rent(rowLengthBytes);
        try
        {
            int row = checked((int)(firstByte / rowLengthBytes));
            int skippedBytes = (int)(firstByte % rowLengthBytes);
            while (!destination.IsEmpty)
            {
                RescaleKernels.ToFloat32(stored.Slice(checked(row * storedRowLengthBytes), storedRowLengthBytes), type, rescale, values.AsSpan(0, nx));
                RenderRow(values.AsSpan(0, nx), mode, rendered);
                ReadOnlySpan<byte> part = rendered.AsSpan(skippedBytes, Math.Min(rowLengthBytes - skippedBytes, destination.Length));
                part.CopyTo(destination);
                destination = destination[part.Length..];
                skippedBytes = 0;
                row++;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
            ArrayPool<byte>.Shared.Return(rendered);
        }
    }

    private static void RenderRow(ReadOnlySpan<float> values, int mode, Span<byte> row)
    {
        switch (mode)
        {
            case 0:
                // The byte is kept; its sign is the reader's affair. Values of either reading map to it.
                for (int x = 0; x < values.Length; x++)
                {
                    row[x] = unchecked((byte)(int)Math.Clamp(MathF.Round(values[x]), -128, 255));
                }

                break;
            case 1:
                for (int x = 0; x < values.Length; x++)
                {
                    short value = unchecked((short)Math.Clamp(MathF.Round(values[x]), short.MinValue, short.MaxValue));
                    BinaryPrimitives.WriteInt16LittleEndian(row[(2 * x)..], value);
                }

                break;
            case 6:
                for (int x = 0; x < values.Length; x++)
                {
                    ushort value = unchecked((ushort)Math.Clamp(MathF.Round(values[x]), 0, ushort.MaxValue));
                    BinaryPrimitives.WriteUInt16LittleEndian(row[(2 * x)..], value);
                }

                break;
            case 12:
                HalfSamples.FromSingle(values, row);
                break;
            default:
                row[..((values.Length + 1) / 2)].Clear();
                for (int x = 0; x < values.Length; x++)
                {
                    // The first sample of a byte is the low nibble.
                    row[x / 2] |= unchecked((byte)((int)Math.Clamp(MathF.Round(values[x]), 0, 15) << (4 * (x & 1))));
                }

                break;
        }
    }
}
