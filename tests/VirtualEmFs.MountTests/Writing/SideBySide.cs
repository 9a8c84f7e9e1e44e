using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing;

/// <summary>Does the same steps to a folder of the mount and to a plain folder, and compares after each all that programs see.</summary>
/// <remarks>
/// What the mount promises to do otherwise is <see cref="IsPromised"/>, and what is not compared at all: device and inode numbers, allocated
/// blocks, holes, the time of last access, that of the last change of attributes, and times and lengths of folders.
/// </remarks>
internal sealed class SideBySide : IDisposable
{
    private readonly WorldFolder _mounted, _plain;

    // Inode numbers on the plain disk of files that have had an MRC name: those may be staged or archived.
    private readonly HashSet<ulong> _staged = [];

    /// <param name="mounted">An empty folder of the mount.</param>
    /// <param name="plain">An empty folder of a plain disk.</param>
    public SideBySide(string mounted, string plain) =>
        (_mounted, _plain) = (new WorldFolder(mounted, () => WrittenSource.Rest(mounted)), new WorldFolder(plain, static () => { }));

    /// <summary>Does a step.</summary>
    /// <param name="looksInside">Otherwise files are not opened to compare what is in them.</param>
    /// <returns>The difference; null when there is none.</returns>
    public string? Do(Step step, bool looksInside)
    {
        NoteStaged(step.Path);
        NoteStaged(step.NewPath);
        string plain = _plain.Do(step), mounted = _mounted.Do(step);
        if (plain != mounted)
        {
            if (!IsPromised(step, plain, mounted))
            {
                return $"the plain disk answers '{plain}', the mount '{mounted}'";
            }

            TakeBack(step);
        }

        return Compare(looksInside);
    }

    /// <summary>Compares the folders now.</summary>
    public string? Compare(bool looksInside) =>
        Difference(FolderPicture.Take(_plain.Root, looksInside), FolderPicture.Take(_mounted.Root, looksInside))
        ?? Difference([.. _plain.DescribeSlots(looksInside)], [.. _mounted.DescribeSlots(looksInside)]);

    public void CloseAll()
    {
        _mounted.CloseAll();
        _plain.CloseAll();
    }

    public void Dispose() => CloseAll();

    /// <summary>The first line in which two pictures differ.</summary>
    public static string? Difference(List<string> plain, List<string> mounted)
    {
        if (plain.SequenceEqual(mounted, StringComparer.Ordinal))
        {
            return null;
        }

        var missing = plain.Except(mounted, StringComparer.Ordinal).ToList();
        var added = mounted.Except(plain, StringComparer.Ordinal).ToList();
        return $"the plain disk has\n    {string.Join("\n    ", missing)}\n  and the mount\n    {string.Join("\n    ", added)}";
    }

    /// <summary>Departures from a plain disk that the mount promises (semantics.md, Writing).</summary>
    private bool IsPromised(Step step, string plain, string mounted) => step.Kind switch
    {
        // Two names of one file would part when one of them is archived.
        StepKind.MakeHardLink => plain == "" && mounted == Error(Errno.EPERM)
            && (MrcNames.IsMrcName(step.NewPath) || MayBeStaged(step.Path)),

        // A staged file and another do not swap names: two disks are concerned.
        StepKind.Exchange => plain == "" && mounted == Error(Errno.EINVAL) && (MayBeStaged(step.Path) || MayBeStaged(step.NewPath)),
        _ => false,
    };

    private void TakeBack(Step step) =>
        _ = step.Kind == StepKind.MakeHardLink ? _plain.Do(new Step(StepKind.Unlink, step.NewPath)) : _plain.Do(step);

    private static string Error(int errno) => $"error {errno}: {Errno.Message(errno)}";

    private bool MayBeStaged(string path)
    {
        string fullPath = $"{_plain.Root}/{path}";
        return LinuxFile.Stat(fullPath, followLinks: false, out var stat) == 0
            && (stat.IsFolder
                ? Directory.EnumerateFiles(fullPath, "*", SearchOption.AllDirectories).Any(file => MayBeStaged(Path.GetRelativePath(_plain.Root, file)))
                : _staged.Contains(stat.stx_ino) || MrcNames.IsMrcName(path));
    }

    private void NoteStaged(string path)
    {
        if (MrcNames.IsMrcName(path) && LinuxFile.Stat($"{_plain.Root}/{path}", followLinks: false, out var stat) == 0)
        {
            _staged.Add(stat.stx_ino);
        }
    }
}
