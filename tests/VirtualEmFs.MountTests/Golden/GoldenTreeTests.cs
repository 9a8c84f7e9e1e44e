using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>What holds for every virtual file of the golden tree alike.</summary>
[Collection(typeof(GoldenCollection))]
public sealed class GoldenTreeTests(GoldenMount mount)
{
    /// <summary>Stacks with missing images: the mount refuses to open them.</summary>
    private static readonly string[] s_damaged = ["stack_missing_groups_5bit.mrcs", "stack_erased_5bit.mrcs"];

    private string[] VirtualFiles =>
    [
        .. Directory.GetFiles(mount.Refusing, "*.mrc*", SearchOption.AllDirectories)
            .Where(path => !s_damaged.Contains(Path.GetFileName(path))).Order(StringComparer.Ordinal)
    ];

    /// <summary>mrcfile is strict about headers: axes, map type, machine stamp, statistics, sizes.</summary>
    [Fact]
    public void MrcfileValidator_OfEveryFile_FindsNothing()
    {
        // It prints one line for a file that it begins with, one for a file that it likes, and one for each thing that it does not.
        string[] files = VirtualFiles;
        ProgramResult result = Programs.Run(TimeSpan.FromMinutes(2), "mrcfile-validate", files);
        IEnumerable<string> complaints = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.StartsWith("Checking if ", StringComparison.Ordinal) && line != "File appears to be valid.");
        Assert.Empty(complaints);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(files.Length, result.Output.Split("File appears to be valid.").Length - 1);
    }

    /// <summary>Sizes of a stat, before anything was read, are those of the files.</summary>
    [Fact]
    public void Extract_OfEveryArchive_WritesTheBytesOfTheMount()
    {
        string[] files = VirtualFiles;
        Assert.True(files.Length >= Eman2Case.All.Count - 2);
        foreach (string path in files)
        {
            string extracted = Path.Combine(mount.ExtractedFolder, Path.GetRelativePath(mount.Refusing, path));
            Assert.Equal(new FileInfo(extracted).Length, new FileInfo(path).Length);
            Assert.True(File.ReadAllBytes(extracted).AsSpan().SequenceEqual(File.ReadAllBytes(path)), $"{path} differs from {extracted}");
        }

        Assert.Equal(files.Length, Directory.GetFiles(mount.ExtractedFolder, "*", SearchOption.AllDirectories).Length);
    }

    /// <summary>What cannot be extracted says so by name, and leaves nothing behind.</summary>
    [Fact]
    public void Extract_OfDamagedStacks_NamesTheImage()
    {
        Assert.Contains("stack_missing_groups_5bit.hdf: image 2 ", mount.Extraction, StringComparison.Ordinal);
        Assert.Contains("stack_erased_5bit.hdf: image 1 ", mount.Extraction, StringComparison.Ordinal);
    }
}
