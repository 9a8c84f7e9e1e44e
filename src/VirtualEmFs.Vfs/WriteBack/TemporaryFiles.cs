using System.Text.Json;
using System.Text.Json.Serialization;
using VirtualEmFs.Vfs.Ports;
using VirtualEmFs.Vfs.Staging;

namespace VirtualEmFs.Vfs.WriteBack;

/// <summary>
/// Where archives come into being: in one folder of the source, or, where that is on another file system than the target, in the
/// target's folder under a hidden name, noted in the staging folder so that the next mount removes what a kill left there.
/// </summary>
/// <remarks>Any thread.</remarks>
internal sealed class TemporaryFiles(StagingArea area, IDisk disk)
{
    /// <summary>Names in folders of the source that begin like this are never shown.</summary>
    public const string HiddenPrefix = Names.NameRules.TemporaryPrefix;

    /// <summary>Folder in the staging folder with a note for each temporary file that lies beside its target.</summary>
    public const string NotesFolder = "temporaries";

    private const int FolderLimit = 1_000;

    private readonly Lock _gate = new();
    private bool _isFolderMade;
    private readonly HashSet<string> _farFolders = new(StringComparer.Ordinal); // guarded by _gate; no rename leads there

    private string NotesPath => $"{area.FolderPath}/{NotesFolder}";

    /// <summary>Whether a temporary file lies in its target's folder.</summary>
    public static bool IsBesideTarget(string path) => NameOf(path).StartsWith(HiddenPrefix, StringComparison.Ordinal);

    /// <summary>Removes what the last mount left in folders of the source.</summary>
    public void Clean()
    {
        if (disk.List(NotesPath, out var notes) != VfsStatus.Ok)
        {
            return;
        }

        foreach (var note in notes)
        {
            string notePath = $"{NotesPath}/{note.Name}";
            if (SmallFile.TryRead(disk, notePath, WriteBackJson.Default.TemporaryNote, out var temporary) && IsBesideTarget(temporary.Path))
            {
                var status = disk.Unlink(area.FullPath(temporary.Path));
                if (status is not (VfsStatus.Ok or VfsStatus.NotFound))
                {
                    continue; // the next mount tries again
                }
            }

            _ = disk.Unlink(notePath);
        }
    }

    /// <summary>Path in the source for a new file; nothing is there.</summary>
    /// <param name="targetPath">Path in the source of its name in the end.</param>
    public VfsStatus Take(StagedEntry entry, long generation, string extension, string targetPath, out string path)
    {
        string folder = FolderOf(targetPath);
        path = $"{Names.NameRules.TemporaryFolder}/{entry.Id}-{generation}{extension}";
        if (IsFar(folder))
        {
            path = $"{(folder.Length == 0 ? "" : folder + "/")}{HiddenPrefix}{entry.Id}-{generation}{extension}";
            var status = SmallFile.MakeFolder(disk, area.FolderPath, NotesFolder, ref _isFolderMade);
            status = status == VfsStatus.Ok
                ? SmallFile.Write(disk, NoteOf(path), new TemporaryNote(path), WriteBackJson.Default.TemporaryNote)
                : status;
            status = status == VfsStatus.Ok ? disk.SyncFolder(NotesPath) : status;
            if (status is not (VfsStatus.Ok or VfsStatus.NoSpace or VfsStatus.QuotaExceeded))
            {
                return status;
            }

            // In a full staging folder it does without: what is archived makes room there, and only a kill in this moment leaves a hidden file.
        }

        var unlinked = disk.Unlink(area.FullPath(path));
        return unlinked == VfsStatus.NotFound ? VfsStatus.Ok : unlinked;
    }

    /// <summary>Notes that no rename leads from the common folder to a target, though they seem to be on one file system (a bind mount).</summary>
    public void NoteFar(string targetPath)
    {
        lock (_gate)
        {
            if (_farFolders.Count == FolderLimit)
            {
                _farFolders.Clear(); // each is found out again by one archive that is made twice
            }

            _farFolders.Add(FolderOf(targetPath));
        }
    }

    /// <summary>Removes a file that nobody needs.</summary>
    public VfsStatus Remove(string path)
    {
        var status = disk.Unlink(area.FullPath(path));
        if (status is VfsStatus.Ok or VfsStatus.NotFound)
        {
            Forget(path);
            return VfsStatus.Ok;
        }

        return status;
    }

    /// <summary>Forgets a file that has its name now.</summary>
    public void Forget(string path)
    {
        if (IsBesideTarget(path))
        {
            _ = disk.Unlink(NoteOf(path));
        }
    }

    private bool IsFar(string folder)
    {
        lock (_gate)
        {
            if (_farFolders.Contains(folder))
            {
                return true;
            }
        }

        return disk.Stat(area.FullPath(folder), out var target) == VfsStatus.Ok
            && disk.Stat(area.TemporaryFolder, out var common) == VfsStatus.Ok
            && target.Version.Device != common.Version.Device;
    }

    private string NoteOf(string path) => $"{NotesPath}/{NameOf(path)[HiddenPrefix.Length..]}";

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static string FolderOf(string path) => path.LastIndexOf('/') is var slash and >= 0 ? path[..slash] : "";
}

/// <summary>A temporary file that lies in a folder of the source.</summary>
internal sealed record TemporaryNote([property: JsonConverter(typeof(EscapedName))] string Path);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TemporaryNote))]
[JsonSerializable(typeof(OriginalNote))]
internal sealed partial class WriteBackJson : JsonSerializerContext;
