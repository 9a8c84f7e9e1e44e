using VirtualEmFs.MountTests.Commands;
using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>The programs with which people copy and move files, writing through the mount, and to a plain folder.</summary>
public sealed class CoreutilsWritingTests
{
    /// <summary>What is copied, and the same with other bytes in some files.</summary>
    private const string MakeInput = """
        import numpy, os, sys
        def header(shape, mode):
            words = numpy.zeros(256, '<i4')
            words[[2, 1, 0]], words[3], words[7:10], words[16:19] = shape, mode, shape[::-1], (1, 2, 3)
            words[10:13] = numpy.array(shape[::-1], '<f4').view('<i4')
            words[52:54] = 0x2050414d, 0x4444
            return words.tobytes()
        for root, seed in zip(sys.argv[1:], range(2)):
            random = numpy.random.default_rng(seed)
            for folder in ('Micrographs/sub', 'Tilts'):
                os.makedirs(f'{root}/{folder}')
            for name, shape in (('Micrographs/a.mrc', (1, 150, 200)), ('Micrographs/sub/b.mrcs', (4, 64, 64)), ('Tilts/TS.st', (3, 90, 80))):
                with open(f'{root}/{name}', 'wb') as file:
                    file.write(header(shape, 2) + random.standard_normal(shape, 'f4').tobytes())
            with open(f'{root}/Tilts/TS.st.mdoc', 'w') as file:
                file.write(f'PixelSpacing = 1.25\nImageFile = TS.st\n[ZValue = {seed}]\n')
            with open(f'{root}/Micrographs/picture.png', 'wb') as file:
                file.write(random.bytes(30000))
            with open(f'{root}/Micrographs/short.mrc', 'wb') as file:
                file.write(header((1, 100, 100), 2) + random.bytes(1000))
            os.chmod(f'{root}/Micrographs/a.mrc', 0o640)
            os.symlink('../Tilts/TS.st', f'{root}/Micrographs/link.st')
            for folder, _, names in os.walk(root):
                for name in names:
                    os.utime(f'{folder}/{name}', ns=(10**18 + 123456789, 10**18 + 987654321 + seed * 10**10), follow_symlinks=False)
            os.setxattr(f'{root}/Tilts/TS.st', 'user.note', b'of seed %d' % seed)
        """;

    private const string Raw = "/Micrographs/short.mrc";

    [Theory]
    [InlineData("1h")]
    [InlineData("0s")]
    public void Copies_ThroughTheMount_AreThoseInAFolder(string delay)
    {
        using var folders = new WrittenTwice(delay);
        (string first, string second) = (folders.PathOf("first"), folders.PathOf("second"));
        Programs.Check(Programs.Python, "-c", MakeInput, first, second);
        folders.Run("cp", "-a", first, "archive");
        folders.Run("cp", "-a", first, "moved");
        folders.Run("rsync", "-a", first + "/", "synced/");
        folders.Run("rsync", "-a", "--inplace", first + "/", "inplace/");
        folders.Run("bash", "-c", $"mkdir extracted && tar -C '{first}' -cf - . | tar -C extracted -xf -");
        folders.AssertSame("--same-times");

        // Over what is there, and may be archived already.
        folders.Run("cp", "-a", second + "/.", "archive");
        folders.Run("rsync", "-a", second + "/", "synced/");
        folders.Run("rsync", "-a", "--inplace", second + "/", "inplace/");
        folders.Run("mv", "moved/Micrographs/a.mrc", "moved/Tilts/b.mrc");
        folders.Run("mv", "moved/Tilts/TS.st", "moved/Micrographs/sub/b.mrcs");
        folders.Run("mv", "moved/Micrographs", "Micrographs");
        folders.Run("mkdir", "out", "in");
        if (delay != "1h")
        {
            folders.Flush(); // mv skips a file that goes to the source raw, and has another number there, between its look at it and its copy
        }

        folders.Both(folder =>
        {
            // To another disk and back: copies and removals.
            string elsewhere = folders.PathOf($"elsewhere-{Path.GetFileName(folder)}");
            Directory.CreateDirectory(elsewhere);
            Programs.Check("mv", Path.Combine(folder, "extracted/Micrographs"), elsewhere + "/");
            Programs.Check("mv", elsewhere + "/Micrographs", Path.Combine(folder, "in"));
        });
        folders.Flush(); // what was archived, moved out and back, must not lie there raw for the comparison
        folders.AssertSame("--same-times");
        folders.Run("dd", $"if={second}/Tilts/TS.st", "of=extracted/Tilts/TS.st", "bs=1000", "seek=5", "skip=5", "count=3", "conv=notrunc", "status=none");
        folders.Run("cp", "--sparse=always", first + "/Tilts/TS.st", "out/sparse.st");
        folders.Run("cp", "--reflink=auto", first + "/Tilts/TS.st", "out/again.mrcs");
        folders.Run("sh", "-c", $"cp '{first}/Micrographs/a.mrc' out/text && mv out/text out/was-text.mrc && mv out/again.mrcs out/again.bin");
        folders.AssertSame();
        folders.Both(folder => Assert.Equal(
            "of seed 1", Programs.CheckIn(folder, "getfattr", "--only-values", "-n", "user.note", "archive/Tilts/TS.st")));
        long archived = folders.AssertSameToTheEnd([], "archive" + Raw, "synced" + Raw, "inplace" + Raw, "in" + Raw, "Micrographs/short.mrc");
        if (delay == "1h")
        {
            Assert.Equal(17, archived);
        }

        Assert.Equal("of seed 1", Programs.CheckIn(folders.Mounted, "getfattr", "--only-values", "-n", "user.note", "archive/Tilts/TS.st"));
    }

    /// <summary>Where an archive's name would be too long, a file of the source stays raw: written to, renamed and removed like any other.</summary>
    [Fact]
    public void Files_WithTheLongestNames_StayRawAndCanBeRenamedAndRemoved()
    {
        using var folders = new WrittenTwice("1h");
        string written = new string('w', 251) + ".mrc", removed = new string('r', 251) + ".mrc", untouched = new string('u', 251) + ".mrc";
        foreach (string folder in new[] { folders.Source, folders.Plain })
        {
            foreach (string name in new[] { written, removed, untouched })
            {
                File.WriteAllBytes(Path.Combine(folder, name), WritingProject.Mrc(name[0]));
            }
        }

        folders.Run("sh", "-c", $"for name in {written} {removed}; do printf xyz | dd of=$name bs=1 seek=2000 conv=notrunc status=none; done");
        folders.Run("rm", removed);
        folders.Flush();
        Assert.Equal(1, folders.Totals.GetProperty("keptRawFiles").GetInt64());
        folders.AssertSame();
        folders.Run("rm", untouched);
        folders.Run("sh", "-c", $"printf abc | dd of={written} bs=1 seek=3000 conv=notrunc status=none && mv {written} short.mrc");
        ProgramResult refused = Programs.Run(TimeSpan.FromMinutes(1), "cp", ["short.mrc", written], folders.Mounted);
        Assert.Contains("File name too long", refused.Error, StringComparison.Ordinal);
        folders.AssertSame();
        Assert.Equal(1, folders.AssertSameToTheEnd([]));
    }

    /// <summary>A copy with attributes finds nothing to do the second time, before and after archiving.</summary>
    [Fact]
    public void Rsync_WithAttributes_CopiesNothingTwice()
    {
        using var folders = new WrittenTwice("1h");
        (string first, string second) = (folders.PathOf("first"), folders.PathOf("second"));
        Programs.Check(Programs.Python, "-c", MakeInput, first, second);
        string[] copy = ["-aX", "--itemize-changes", "--omit-dir-times", first + "/", "synced/"];
        Programs.CheckIn(folders.Mounted, "rsync", copy);
        Assert.Equal("", Programs.CheckIn(folders.Mounted, "rsync", copy));
        folders.Flush();
        Assert.Equal("", Programs.CheckIn(folders.Mounted, "rsync", copy));
    }
}
