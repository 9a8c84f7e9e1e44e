using System.Buffers.Binary;
using VirtualEmFs.Archives;
using VirtualEmFs.Frames;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5.Eman2;

/// <summary>
/// Files that lie. Whatever they claim, a probe ends in a result and a read in samples or an <see cref="ArchiveException"/>: any other exception would be
/// a request that nobody answers, and time or memory without bound a mount that hangs.
/// </summary>
public sealed class HostileArchiveTests(Eman2Variants variants) : IClassFixture<Eman2Variants>
{
    // Processor time: a test says nothing about how busy the machine is.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);

    // What a probe and a map of a file of some 100 KB may allocate: a few times the file, pages, and a budget of 16 MiB for each.
    private const long MostAllocatedBytes = 64 << 20;

    private const int LargestDecodedBlockBytes = 4 << 20;

    private static readonly ArchiveFormats s_formats = new();

    [Fact]
    public void Probe_OfPublishedAttacks_EndsInAResult()
    {
        string[] paths = Directory.GetFiles(GoldenData.PathOf("hostile-hdf5"));
        Assert.NotEmpty(paths);
        foreach (string path in paths)
        {
            Exercise(path, path);
        }
    }

    [Fact]
    public void Read_OfMutatedArchives_EndsInSamplesOrArchiveException()
    {
        const int MutationCount = 20_000;
        const int LongestOriginalBytes = 100_000;
        byte[][] originals =
        [
            .. Directory.GetFiles(GoldenData.PathOf("eman2"), "*.hdf", SearchOption.AllDirectories).Order().Concat(variants.Paths)
                .Select(File.ReadAllBytes).Where(bytes => bytes.Length <= LongestOriginalBytes),
        ];
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("mutated.hdf");
        int readCount = 0;
        for (int seed = 0; seed < MutationCount; seed++)
        {
            File.WriteAllBytes(path, Mutate(originals[seed % originals.Length], new Random(seed)));
            readCount += Exercise(path, $"seed {seed}") ? 1 : 0;
        }

        // Most mutations hit samples or unused room: were nearly all files refused, the test would prove little.
        Assert.InRange(readCount, MutationCount / 4, MutationCount);
    }

    /// <summary>Probes a file and decodes what it claims to hold, within bounds.</summary>
    /// <returns>True when every frame tried was read.</returns>
    private static bool Exercise(string path, string name, bool isAgain = false)
    {
        TimeSpan start = ThreadClock.ProcessorTime;
        long allocatedBytes = GC.GetAllocatedBytesForCurrentThread();
        bool isRead = false;
        try
        {
            ProbeResult result = s_formats.Probe(path);
            isRead = result.Description is { } description && TryRead(description);
        }
        catch (Exception e) when (e is not ArchiveException)
        {
            Assert.Fail($"{name}: {e}");
        }

        TimeSpan taken = ThreadClock.ProcessorTime - start;
        if (taken >= s_longest && !isAgain)
        {
            return Exercise(path, name, isAgain: true); // where a machine is a guest, its host's pauses count; what is slow is slow again
        }

        Assert.True(taken < s_longest, $"{name} took {taken}");
        allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - allocatedBytes;
        Assert.True(allocatedBytes < MostAllocatedBytes, $"{name} allocated {allocatedBytes} bytes");
        return isRead;
    }

    private static bool TryRead(ArchiveDescription description)
    {
        try
        {
            if (description.Content == ArchiveContent.Folder)
            {
                description = s_formats.DescribeMember(description, description.Members[^1]);
            }

            using var slots = new DecodeSlots(1);
            using IArchive archive = s_formats.Open(description);
            FrameShape shape = description.Shape;
            foreach (int frame in (int[])[0, shape.FrameCount / 2, shape.FrameCount - 1])
            {
                BlockExtent extent = description.Grid.ExtentOf(description.Grid.BlockOf(frame, shape.Ny - 1));
                BlockFormat format = archive.FormatOf(extent);
                if (format.LengthBytes <= LargestDecodedBlockBytes)
                {
                    archive.Decode(extent, new byte[format.LengthBytes], slots);
                }
            }

            return true;
        }
        catch (ArchiveException)
        {
            return false;
        }
    }

    /// <summary>One to four lies: flipped bits, extreme numbers, bytes of another place, an early end.</summary>
    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] bytes = [.. original];
        for (int lie = random.Next(1, 5); lie > 0; lie--)
        {
            // Fields stand at multiples of 4 in old structures, anywhere in new ones.
            int offset = random.Next(bytes.Length - 16);
            offset = random.Next(2) == 0 ? offset & ~3 : offset;
            Span<byte> place = bytes.AsSpan(offset);
            switch (random.Next(20))
            {
                case < 8:
                    place[0] ^= (byte)(1 << random.Next(8));
                    break;
                case < 10:
                    place[0] = (byte)random.Next(256);
                    break;
                case < 12:
                    BinaryPrimitives.WriteUInt16LittleEndian(place, unchecked((ushort)Extreme(random, bytes.Length)));
                    break;
                case < 14:
                    BinaryPrimitives.WriteUInt32LittleEndian(place, unchecked((uint)Extreme(random, bytes.Length)));
                    break;
                case < 17:
                    BinaryPrimitives.WriteUInt64LittleEndian(place, Extreme(random, bytes.Length));
                    break;
                case < 19:
                    bytes.AsSpan(random.Next(bytes.Length - 16), random.Next(1, 16)).CopyTo(place);
                    break;
                default:
                    bytes = bytes[..random.Next(17, bytes.Length)];
                    break;
            }
        }

        return bytes;
    }

    private static ulong Extreme(Random random, int lengthBytes) => random.Next(8) switch
    {
        0 => 0,
        1 => 1,
        2 => ulong.MaxValue,
        3 => long.MaxValue,
        4 => int.MaxValue,
        5 => (ulong)lengthBytes,
        6 => (ulong)random.Next(lengthBytes) & ~7UL,
        _ => unchecked((ulong)random.NextInt64(long.MinValue, long.MaxValue)),
    };
}
