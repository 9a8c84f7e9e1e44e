using Xunit;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>
/// Every archive of the golden data in one tree, mounted twice: as users do (damage refused, statistics strict), and with
/// <c>--damaged serve</c>. Also extracted, once, by <c>emfs extract</c>.
/// </summary>
public sealed class GoldenMount : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MountedProcess _refusing;
    private readonly MountedProcess _serving;

    public GoldenMount()
    {
        string source = _folder.PathOf("source");
        Directory.CreateDirectory(Path.Combine(source, "eman2"));
        Directory.CreateDirectory(Path.Combine(source, "real"));
        foreach (Eman2Case each in Eman2Case.All)
        {
            File.Copy(each.ArchivePath, Path.Combine(source, "eman2", each.Name + ".hdf"));
        }

        foreach (string archive in Directory.GetFiles(GoldenData.PathOf("real"), "*.hdf"))
        {
            File.Copy(archive, Path.Combine(source, "real", Path.GetFileName(archive)));
        }

        _refusing = MountedProcess.Start(source, "--strict-statistics");
        _serving = MountedProcess.Start(source, "--damaged", "serve");
        ExtractedFolder = _folder.PathOf("extracted");
        foreach (string part in (string[])["eman2", "real"])
        {
            Directory.CreateDirectory(Path.Combine(ExtractedFolder, part));
            string[] archives = Directory.GetFiles(Path.Combine(source, part));
            Array.Sort(archives, StringComparer.Ordinal);
            Extraction = Programs.Run(
                TimeSpan.FromMinutes(3), Programs.Emfs,
                ["extract", "--strict-statistics", "-o", Path.Combine(ExtractedFolder, part), .. archives]).Error + Extraction;
        }
    }

    /// <summary>The tree as a mount without options shows it, but for strict statistics.</summary>
    public string Refusing => _refusing.MountPoint;

    /// <summary>The same with <c>--damaged serve</c>.</summary>
    public string Serving => _serving.MountPoint;

    public string SourceFolder => _folder.PathOf("source");

    public string ExtractedFolder { get; }

    /// <summary>What <c>emfs extract</c> complained about.</summary>
    public string Extraction { get; } = "";

    public void Dispose()
    {
        _refusing.Dispose();
        _serving.Dispose();
        _folder.Dispose();
    }
}

/// <summary>The tests that share the mounted golden data.</summary>
[CollectionDefinition]
public sealed class GoldenCollection : ICollectionFixture<GoldenMount>;
