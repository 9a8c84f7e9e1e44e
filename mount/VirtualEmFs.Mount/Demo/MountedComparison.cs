using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;

namespace VirtualEmFs.Mount.Demo;

/// <summary>Compares a file as the mount shows it with its original.</summary>
internal static class MountedComparison
{
    /// <summary>Largest difference of a sample over the step of its frame: at most one half where nothing was clamped.</summary>
    /// <exception cref="CommandException">The headers differ, or a sample is more than half a step from its original.</exception>
    public static double LargestErrorInSteps(IArchive archive, string original, string mounted)
    {
        FrameShape shape = archive.Description.Shape;
        using SafeFileHandle first = File.OpenHandle(original), second = File.OpenHandle(mounted);
        byte[] expected = new byte[shape.FrameLengthSamples * sizeof(float)], actual = new byte[expected.Length];
        byte[] header = new byte[MrcHeader.LengthBytes], mountedHeader = new byte[MrcHeader.LengthBytes];
        ReadWhole(first, header, 0);
        ReadWhole(second, mountedHeader, 0);
        if (RandomAccess.GetLength(first) != RandomAccess.GetLength(second) || !header.AsSpan().SequenceEqual(mountedHeader))
        {
            throw new CommandException(ExitCode.Failure, $"{mounted} has not the header and size of its original");
        }

        double largest = 0;
        for (int frame = 0; frame < shape.FrameCount; frame++)
        {
            long fileOffset = MrcHeader.LengthBytes + (frame * (long)expected.Length);
            ReadWhole(first, expected, fileOffset);
            ReadWhole(second, actual, fileOffset);
            Rescale rescale = archive.FormatOf(archive.Description.Grid.ExtentOf(archive.Description.Grid.BlockOf(frame, 0))).Rescale;
            double error = LargestDifference(MemoryMarshal.Cast<byte, float>(expected), MemoryMarshal.Cast<byte, float>(actual));

            // Beside half a step, the roundings of float32 arithmetic.
            double rounding = 4e-7 * Math.Max(Math.Abs(rescale.Minimum), Math.Abs(rescale.Maximum));
            if (error > (rescale.Step / 2) + rounding)
            {
                throw new CommandException(
                    ExitCode.Failure, $"{mounted}: frame {frame}: a sample differs by {error:G6} from its original; half a step is {rescale.Step / 2:G6}");
            }

            largest = Math.Max(largest, error / rescale.Step);
        }

        return largest;
    }

    private static double LargestDifference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            // NaN compares false, and must not pass.
            double difference = Math.Abs((double)expected[i] - actual[i]);
            largest = difference <= largest ? largest : difference;
        }

        return largest;
    }

    private static void ReadWhole(SafeFileHandle file, Span<byte> destination, long fileOffset)
    {
        while (!destination.IsEmpty)
        {
            int count = RandomAccess.Read(file, destination, fileOffset);
            if (count == 0)
            {
                throw new EndOfStreamException("the file ends before its last sample");
            }

            destination = destination[count..];
            fileOffset += count;
        }
    }
}
