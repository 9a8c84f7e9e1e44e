using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>mrcfile writing through the mount, and to a plain folder.</summary>
public sealed class MrcfileWritingTests
{
    private const string Create = """
        random = numpy.random.default_rng(1)
        def write(name, samples, **options):
            with mrcfile.new(name, **options) as file:
                file.set_data(samples)
                file.voxel_size = 1.25
        os.makedirs('Maps/sub')
        write('img.mrc', random.standard_normal((200, 300), 'f4'))
        write('counts.mrcs', random.integers(-900, 900, (5, 64, 64), 'i2'))
        write('u16.mrc', random.integers(0, 9000, (64, 64), 'u2'))
        write('i8.st', random.integers(-100, 100, (3, 64, 64), 'i1'))
        write('float16.mrc', random.standard_normal((64, 64), 'f4').astype('f2'))
        write('Maps/run_half1_class001_unfil.mrc', random.standard_normal((16, 32, 32), 'f4'))
        write('Maps/sub/map.ccp4', random.standard_normal((16, 32, 32), 'f4'))
        write('Maps/image.map', random.standard_normal((32, 32), 'f4'))
        """;

    private const string Change = """
        random = numpy.random.default_rng(2)
        with mrcfile.new('img.mrc', overwrite=True) as file:
            file.set_data(random.standard_normal((100, 300), 'f4'))
        with mrcfile.new_mmap('mapped.mrcs', shape=(4, 50, 60), mrc_mode=2) as file:
            file.set_image_stack()
            for image in range(4):
                file.data[3 - image] = random.standard_normal((50, 60))
            file.update_header_from_data()
            file.update_header_stats()
        with mrcfile.mmap('mapped.mrcs', mode='r+') as file:
            file.data[2] += 1
            file.flush()
            file.data[1, 4] = -3
            file.update_header_stats()
        with mrcfile.open('Maps/sub/map.ccp4', mode='r+') as file:
            file.voxel_size = 2.5
            file.set_extended_header(numpy.frombuffer(b'symmetry' * 10, 'V80'))
            file.header.exttyp = b'CCP4'
        with mrcfile.open('u16.mrc', mode='r+') as file:
            file.data[5, 5] = 65535
            file.update_header_stats()
        """;

    /// <summary>The last number of archives is that of files; while files are archived in between, some are archived twice.</summary>
    [Theory]
    [InlineData("1h", 9, 9)]
    [InlineData("0s", 9, 13)]
    public void Mrcfile_WritesThroughTheMountWhatItWritesToAFolder(string delay, int fewestArchived, int mostArchived)
    {
        using var folders = new WrittenTwice(delay);
        folders.Python(Create);
        folders.AssertSame("--skip-labels");
        folders.Python(Change);
        if (delay == "1h")
        {
            string[] files = [.. Directory.EnumerateFiles(folders.Mounted, "*", SearchOption.AllDirectories)];
            Programs.Check("mrcfile-validate", files);
        }

        Assert.InRange(folders.AssertSameToTheEnd(["--skip-labels"]), fewestArchived, mostArchived);
        Programs.CheckIn(
            folders.Mounted, "mrcfile-validate", "counts.mrcs", "i8.st", "float16.mrc", "u16.mrc", "Maps/run_half1_class001_unfil.mrc");
    }
}
