using Xunit;

namespace VirtualEmFs.MountTests.RealPrograms;

/// <summary>A small project of archives, mounted; and the same files extracted, for the same programs to read.</summary>
public sealed class ProjectMount : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MountedProcess _mount;

    public ProjectMount()
    {
        foreach (string name in (string[])["source", "tables", "extracted"])
        {
            Directory.CreateDirectory(_folder.PathOf(name));
        }

        string script = Path.Combine(GoldenData.RepositoryRoot, "tests/python/make_project.py");
        Programs.Check(Programs.Python, script, Source, _folder.PathOf("tables"));
        foreach (string folder in Directory.GetDirectories(Source))
        {
            string target = Path.Combine(Extracted, Path.GetFileName(folder));
            Directory.CreateDirectory(target);
            Programs.Check(Programs.Emfs, ["extract", "-o", target, .. Directory.GetFiles(folder, "*.hdf")]);
        }

        File.Copy(Path.Combine(Source, "Movies/native.tif"), Path.Combine(Extracted, "Movies/native.tif"));
        _mount = MountedProcess.Start(Source);
    }

    /// <summary>The archives.</summary>
    public string Source => _folder.PathOf("source");

    /// <summary>The files as the mount shows them.</summary>
    public string Mounted => _mount.MountPoint;

    /// <summary>The same files, written by <c>emfs extract</c>.</summary>
    public string Extracted => _folder.PathOf("extracted");

    /// <summary>The virtual files, relative to the tree.</summary>
    public static string[] Files => ["Movies/stack.mrcs", "Micrographs/mic.mrc", "Particles/particles.mrcs", "Maps/map.mrc"];

    /// <summary>A fresh folder to write to.</summary>
    public string NewFolder() => Directory.CreateDirectory(_folder.PathOf(Guid.NewGuid().ToString("N"))).FullName;

    /// <summary>A fresh working folder of RELION: the tables, and links to the data of one tree.</summary>
    public string NewJob(string data)
    {
        string job = NewFolder();
        Programs.Check("cp", "-r", _folder.PathOf("tables") + "/.", job);
        foreach (string folder in Directory.GetDirectories(data))
        {
            Directory.CreateSymbolicLink(Path.Combine(job, Path.GetFileName(folder)), folder);
        }

        return job;
    }

    public void Dispose()
    {
        _mount.Dispose();
        _folder.Dispose();
    }
}

/// <summary>The tests that share the mounted project.</summary>
[CollectionDefinition]
public sealed class ProjectCollection : ICollectionFixture<ProjectMount>;
