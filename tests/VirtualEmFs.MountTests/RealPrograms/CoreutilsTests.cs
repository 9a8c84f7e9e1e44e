using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>The programs with which people copy and compare files.</summary>
[Collection(typeof(ProjectCollection))]
public sealed class CoreutilsTests(ProjectMount project)
{
    [Fact]
    public void Cmp_OfEveryFile_FindsNoDifference()
    {
        foreach (string file in ProjectMount.Files)
        {
            Programs.Check("cmp", Path.Combine(project.Mounted, file), Path.Combine(project.Extracted, file));
        }
    }

    /// <summary>cp asks where data and holes are, and copies file ranges where it may.</summary>
    [Theory]
    [InlineData("--sparse=auto")]
    [InlineData("--sparse=always")]
    [InlineData("--reflink=auto")]
    public void Cp_OfTheTree_CopiesEveryByte(string option)
    {
        string copy = project.NewFolder();
        Programs.CheckIn(project.Mounted, "cp", "-r", option, ".", copy);
        AssertSameTree(copy);
    }

    /// <summary><c>tar -S</c> looks for holes: a virtual file has none, and none must be made up.</summary>
    [Fact]
    public void TarSparse_OfTheTree_KeepsEveryByte()
    {
        string copy = project.NewFolder();
        string archive = Path.Combine(project.NewFolder(), "tree.tar");
        Programs.CheckIn(project.Mounted, "tar", "-S", "-cf", archive, ".");
        Programs.CheckIn(copy, "tar", "-xf", archive);
        AssertSameTree(copy);
    }

    /// <summary>Blocks of a size that no boundary of ours divides.</summary>
    [Theory]
    [InlineData("777")]
    [InlineData("100003")]
    [InlineData("4M")]
    public void Dd_InBlocksOfAnySize_CopiesEveryByte(string blockLength)
    {
        string copy = Path.Combine(project.NewFolder(), "copy");
        Programs.Check("dd", $"if={project.Mounted}/Maps/map.mrc", $"of={copy}", $"bs={blockLength}", "status=none");
        Programs.Check("cmp", copy, Path.Combine(project.Extracted, "Maps/map.mrc"));
    }

    /// <summary>What is really used, and what programs see.</summary>
    [Fact]
    public void Du_OfAVirtualFile_TellsStoredAndApparentSize()
    {
        string path = Path.Combine(project.Mounted, "Micrographs/mic.mrc");
        string archive = Path.Combine(project.Source, "Micrographs/mic.hdf");
        Programs.Check("sync", archive); // before that a disk only guesses how many blocks it will take
        string stored = Programs.Check("stat", "-c", "%b", archive);
        Assert.True(SpinWait.SpinUntil(() => Programs.Check("stat", "-c", "%b", path) == stored, TimeSpan.FromMinutes(1)), stored); // may be a second old
        Assert.StartsWith($"{1024 + (4 * 1024 * 1024)}\t", Programs.Check("du", "--apparent-size", "-b", path), StringComparison.Ordinal);
    }

    private void AssertSameTree(string copy)
    {
        foreach (string file in ProjectMount.Files)
        {
            Programs.Check("cmp", Path.Combine(copy, file), Path.Combine(project.Extracted, file));
        }
    }
}
