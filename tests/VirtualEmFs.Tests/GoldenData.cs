using System.IO.Compression;
using System.Text.Json;

namespace VirtualEmFs.Tests;

/// <summary>
/// Finds the files that other programs wrote, and what those programs read back from them: the whole collection beside the
/// repository (<c>../shared/golden</c>) where it exists, otherwise the selection in <c>tests/data</c>. Both have the same folders
/// and manifests.
/// </summary>
internal static class GoldenData
{
    /// <summary>The repository's root: the nearest folder above the test assembly that has the solution.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>The collection that the tests read; null when there is neither.</summary>
    public static string? Folder { get; } = FindFolder();

    /// <summary>True when <see cref="Folder"/> is the whole collection, so that tests may insist on the number of cases.</summary>
    public static bool IsComplete => Folder is not null && !Folder.StartsWith(RepositoryRoot + "/", StringComparison.Ordinal);

    /// <summary>Path of a file or folder of the collection. A file that is kept as <c>NAME.gz</c> is unpacked beside the tests first.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no collection.</exception>
    public static string PathOf(params string[] parts)
    {
        string folder = Folder ?? throw new DirectoryNotFoundException("There is neither ../shared/golden nor tests/data.");
        string path = Path.Combine([folder, .. parts]);
        return Path.Exists(path) || !File.Exists(path + ".gz") ? path : Unpacked(path + ".gz", Path.GetRelativePath(folder, path));
    }

    /// <summary>The cases of a part of the collection (<c>eman2</c>, <c>relion</c>, <c>nexus</c>), as its manifest lists them.</summary>
    public static IReadOnlyList<JsonElement> Cases(string part)
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(PathOf(part, "manifest.json")));
        return [.. manifest.RootElement.GetProperty("cases").EnumerateArray().Select(each => each.Clone())];
    }

    private static string Unpacked(string packed, string relativePath)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "unpacked-data", relativePath);
        if (!File.Exists(path) || File.GetLastWriteTimeUtc(path) != File.GetLastWriteTimeUtc(packed))
        {
            // Tests run side by side: each writes a file of its own, and the last one to finish names it.
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            string unfinished = $"{path}.{Guid.NewGuid():N}";
            using (var source = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress))
            using (var destination = File.Create(unfinished))
            {
                source.CopyTo(destination);
            }

            File.SetLastWriteTimeUtc(unfinished, File.GetLastWriteTimeUtc(packed));
            File.Move(unfinished, path, overwrite: true);
        }

        return path;
    }

    private static string FindRepositoryRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VirtualEmFs.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"{AppContext.BaseDirectory} lies in no copy of the repository.");
    }

    private static string? FindFolder()
    {
        string whole = Path.GetFullPath(Path.Combine(RepositoryRoot, "../shared/golden"));
        string selection = Path.Combine(RepositoryRoot, "tests/data");
        return Directory.Exists(whole) ? whole : Directory.Exists(selection) ? selection : null;
    }
}
