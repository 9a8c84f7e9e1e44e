using VirtualEmFs.Frames;
using VirtualEmFs.Vfs.Names;
using VirtualEmFs.Vfs.Nodes;
using VirtualEmFs.Vfs.Ports;

namespace VirtualEmFs.Vfs.Tree;

/// <summary>Finds the files of the source that may be archives, and what they are.</summary>
public sealed partial class VirtualTree
{
    // Each takes a replacement within the few milliseconds of a probe; a file that grows is still being written after all of them.
    private const int ReplacementLimit = 4;

    /// <summary>Finds and probes every archive that has a say in what a name means.</summary>
    private async Task<Dictionary<string, ArchiveFile>> FindArchives(Node folder, FolderIndex index, string name)
    {
        var files = new Dictionary<string, ArchiveFile>(StringComparer.Ordinal);
        foreach (string stem in NameRules.StemsOf(name))
        {
            foreach (var archive in index.ArchivesOf(stem).ToArray())
            {
                if (!files.ContainsKey(archive.Name) && await FindArchive(folder.Facts.Path, archive.Name, isProbed: true) is { } file)
                {
                    files.Add(archive.Name, file);
                }
            }
        }

        return files;
    }

    /// <summary>A file that may be an archive; null when it is gone, no file, or a link that must not be followed.</summary>
    /// <param name="isProbed">Otherwise only what is remembered is told.</param>
    private async ValueTask<ArchiveFile?> FindArchive(string folderPath, string name, bool isProbed)
    {
        ArchiveFile? file = await FindArchiveOnce(folderPath, name, isProbed);

        // A file replaced by rename while it was probed is not being written: what stands there now is whole, and the name never was away.
        for (int i = 0; i < ReplacementLimit && file?.Outcome == ProbeOutcome.BeingWritten; i++)
        {
            file = await FindArchiveOnce(folderPath, name, isProbed);
        }

        return file;
    }

    private async ValueTask<ArchiveFile?> FindArchiveOnce(string folderPath, string name, bool isProbed)
    {
        string path = PathOf(folderPath, name);
        if (_source.Stat(path, followLinks: false, out var namedStat) != VfsStatus.Ok)
        {
            return null;
        }

        var stat = namedStat;
        string fullPath = _source.FullPath(path);
        if (stat.Kind == NodeKind.SymbolicLink
            && (_source.ResolveLinks(path, out fullPath) != VfsStatus.Ok
                || !(_options.FollowSymlinks || IsInSource(fullPath))
                || _source.Stat(path, followLinks: true, out stat) != VfsStatus.Ok))
        {
            return null;
        }

        if (stat.Kind != NodeKind.File)
        {
            return null;
        }

        if (!_probes.TryPeek(stat.Version, out var probed) && isProbed)
        {
            probed = await _probes.Probe(stat.Version, fullPath, needsDescription: false);
            if (probed.Outcome == ProbeOutcome.Broken && _errors.Note(fullPath, probed.Reason!))
            {
                TreeLog.ArchiveIsBroken(_logger, fullPath, probed.Reason!);
            }
        }

        long linkedBlockCount = 0;
        if (probed is not null)
        {
            foreach (string linked in probed.LinkedFiles)
            {
                linkedBlockCount += _source.Stat(linked, followLinks: true, out var linkedStat) == VfsStatus.Ok ? linkedStat.BlockCount : 0;
            }
        }

        return new ArchiveFile(path, fullPath, namedStat, stat, linkedBlockCount, probed);
    }

    private bool IsInSource(string fullPath) =>
        fullPath.StartsWith(_source.RootPath, StringComparison.Ordinal)
        && (_source.RootPath.EndsWith('/') || (fullPath.Length > _source.RootPath.Length && fullPath[_source.RootPath.Length] == '/'));
}
