using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>
/// Programs that cannot be installed here, by the order of their writes: MotionCor, cisTEM, SerialEM, IMOD. And h5py beside them.
/// </summary>
public sealed class WriterTests
{
    private static readonly string s_writers = Path.Combine(GoldenData.RepositoryRoot, "tests/python/mrc_writers.py");

    /// <summary>Nothing becomes an archive before its header is there, however long that takes; a writer that dies loses nothing.</summary>
    [Fact]
    public void HeaderWrittenLast_EndsInOneArchive_AndWithoutItAsTheFileThatItIs()
    {
        using var folders = new WrittenTwice("0s");
        folders.Run(Programs.Python, s_writers, "header_last", ".");
        folders.AssertSame();
        folders.Run("mkdir", "killed");
        folders.Both(folder => Programs.Run(TimeSpan.FromMinutes(1), Programs.Python, [s_writers, "header_last", folder + "/killed", "kill"]));
        Assert.Equal(1, folders.AssertSameToTheEnd([], "killed/aligned.mrc"));
        Assert.Equal(1024 + (3 * 90 * 80 * 4), new FileInfo(Path.Combine(folders.Source, "killed/aligned.mrc")).Length);
    }

    /// <summary>Whole numbers stay exact. The delay doubles with each archive, up to where the series is over before it has passed.</summary>
    [Fact]
    public void SectionsAppendedSlowly_AreArchivedAFewTimes()
    {
        const double firstDelay = 0.05;
        using var folders = new WrittenTwice($"{firstDelay}s");
        string[] pauses = Programs.Check(Programs.Python, s_writers, "series", folders.Mounted, "41", "0.3").Split(' ');
        Assert.Equal(40, pauses.Length);
        Programs.Check(Programs.Python, s_writers, "series", folders.Plain, "41", "0");
        folders.Flush();
        Programs.CheckIn(folders.Plain, "cmp", "TS.st", Path.Combine(folders.Mounted, "TS.st"));

        // Three of the pauses are long enough where none is longer than it should be; on a busy machine others are. One more at the end, and two
        // that were begun again before the mount had noted that the one before was done.
        int mostArchived = 3;
        double delay = firstDelay;
        foreach (string pause in pauses)
        {
            if (double.Parse(pause) >= delay)
            {
                mostArchived++;
                delay *= 2;
            }
        }

        Assert.InRange(mostArchived, 1, 13); // 41 without the doubling
        Assert.InRange(folders.AssertSameToTheEnd([]), 1, mostArchived);
    }

    [Fact]
    public void WritersThatKeepTheFileOpen_EndInOneArchive()
    {
        using var folders = new WrittenTwice("0s");
        folders.Run(Programs.Python, s_writers, "open_series", ".", "12");
        folders.Run(Programs.Python, s_writers, "parallel", ".");
        folders.Flush();
        Programs.CheckIn(folders.Plain, "cmp", "open.st", Path.Combine(folders.Mounted, "open.st"));

        // Between the creation and the first of its writers nobody has that file open.
        Assert.InRange(folders.AssertSameToTheEnd([]), 2, 3);
    }

    /// <summary>What listings keep for a second must not hide that an archive has just been written to.</summary>
    [Fact]
    public void SectionAppendedBetweenTwoListings_IsThereInTheSecond()
    {
        using var folders = new WrittenTwice("1h", "--attr-timeout", "1min");
        folders.Run(Programs.Python, s_writers, "series", ".", "3", "0");
        folders.Flush();
        const string append = """
            def scan():
                return {entry.name: entry.stat().st_size for entry in os.scandir('.')}
            assert scan()['TS.st'] == 1024 + 3 * 6144, scan()
            with open('TS.st', 'r+b') as file:
                file.write(numpy.array([48, 64, 4], '<i4').tobytes())
                file.seek(0, os.SEEK_END)
                file.write(bytes(6144))
            assert scan()['TS.st'] == os.stat('TS.st').st_size == len(open('TS.st', 'rb').read()) == 1024 + 4 * 6144, scan()
            assert os.listdir('.').count('TS.st') == 1
            """;
        folders.Python(append);
        folders.AssertSame();
        Assert.Equal(2, folders.AssertSameToTheEnd([]));
    }

    /// <summary>All names of a tilt series live in one folder, and differ from each other by what for other files is the extension alone.</summary>
    [Theory]
    [InlineData("1h")]
    [InlineData("0s")]
    public void TiltSeriesOfImod_KeepsAllNamesAndContents(string delay)
    {
        using var folders = new WrittenTwice(delay);
        folders.Run(Programs.Python, s_writers, "imod", ".", "1");
        folders.Flush();
        folders.AssertSame("--all-archived");
        Assert.Equal(4, folders.Archived);
        folders.Remount();

        // The earlier ones become NAME~: that is no name of an MRC file, yet what it names is an archive.
        folders.Run(Programs.Python, s_writers, "imod", ".", "2");
        folders.AssertSame();
        folders.Flush();
        folders.Remount();
        folders.AssertSame();
        AssertNames(folders, "TS.ali", "TS.ali~", "TS.mrc", "TS.mrc~", "TS.rec", "TS.rec~", "TS.st", "TS.st.mdoc", "TS.st~");
        folders.Run(Programs.Python, s_writers, "imod", ".", "3");
        folders.Flush();
        folders.AssertSame();
        folders.Remount();
        folders.AssertSame();

        // And back: what is taken back is an MRC file of the mount again.
        folders.Run("mv", "TS.rec~", "TS.rec");
        folders.Flush();
        folders.AssertSame();
        AssertNames(folders, "TS.ali", "TS.ali~", "TS.mrc", "TS.mrc~", "TS.rec", "TS.st", "TS.st.mdoc", "TS.st~");
        Assert.True(File.Exists(Path.Combine(folders.Source, "TS.rec.hdf")));
    }

    /// <summary>Who writes archives of his own finds them under the names he gave, as long as the mount lives; then they are shown as what they hold.</summary>
    [Fact]
    public void H5py_WritingAnArchive_FindsItUnderItsName()
    {
        using var folders = new WrittenTwice("0s");
        folders.Run("mkdir", "Particles");
        string script = Path.Combine(GoldenData.RepositoryRoot, "tests/python");
        folders.Python($"""
            import sys
            sys.path.insert(0, '{script}')
            import eman2_archive
            stack = numpy.random.default_rng(3).standard_normal((5, 32, 32)).astype('f4')
            eman2_archive.write('Particles/particles.hdf', stack, 8)
            with h5py.File('Particles/particles.hdf', 'r+') as file:
                file['/MDF/images/3'].attrs['EMAN.note'] = 'kept'
                file.create_dataset('more', data=numpy.arange(1000), compression='gzip')
            """);
        AssertNames(folders, "Particles", "Particles/particles.hdf", "Particles/particles.mrcs");
        folders.Run("h5dump", "-d", "/MDF/images/3/image", "Particles/particles.hdf");
        foreach (string place in new[] { folders.Mounted, folders.Source })
        {
            Programs.CheckIn(place, "cmp", "Particles/particles.hdf", Path.Combine(folders.Plain, "Particles/particles.hdf"));
        }

        Assert.Equal(1024 + (5 * 32 * 32 * 4), new FileInfo(Path.Combine(folders.Mounted, "Particles/particles.mrcs")).Length);
        Assert.Equal(0, folders.Archived);
        folders.Remount();
        AssertNames(folders, "Particles", "Particles/particles.mrcs");
        Programs.CheckIn(folders.Mounted, "cmp", "Particles/particles.hdf", Path.Combine(folders.Plain, "Particles/particles.hdf"));
    }

    private static void AssertNames(WrittenTwice folders, params string[] names) => Assert.Equal(
        names,
        Directory.EnumerateFileSystemEntries(folders.Mounted, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folders.Mounted, path)).Order(StringComparer.Ordinal));
}
