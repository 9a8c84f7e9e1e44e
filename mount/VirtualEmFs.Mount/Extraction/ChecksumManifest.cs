using System.Globalization;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>A list of SHA-256 sums as <c>sha256sum</c> writes it; paths count from the list's own folder.</summary>
internal sealed class ChecksumManifest
{
    private const int DigitCount = 64;

    private readonly HashSet<Entry> _found = []; // guarded by itself

    private ChecksumManifest(string path, Entry[] entries) => (Path, Entries) = (path, entries);

    /// <summary>The list's own path.</summary>
    public string Path { get; }

    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>Entries that no archive answered to.</summary>
    public IEnumerable<Entry> Missing => Entries.Where(entry => !_found.Contains(entry));

    /// <summary>Reads a list.</summary>
    /// <exception cref="CommandException">It cannot be read, or a line is no sum and name.</exception>
    public static ChecksumManifest Read(string path)
    {
        if (Directory.Exists(path))
        {
            throw new CommandException(ExitCode.Usage, $"the list of checksums {path} is a folder");
        }

        try
        {
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            Entry[] entries =
            [
                .. File.ReadLines(path).Select((line, index) => (line, number: index + 1)).Where(each => each.line.Length > 0)
                    .Select(each => Parse(path, folder, each.line, each.number)),
            ];
            return entries.Length > 0 ? new ChecksumManifest(path, entries) : throw new CommandException(ExitCode.Usage, $"{path} is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Usage, $"the list of checksums {path} cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>
    /// The entries that may mean an archive: those of its own path, or of the path under which it appears; where there are none, those with
    /// the name under which it appears, or that its original had.
    /// </summary>
    public Entry[] EntriesFor(string archivePath, string virtualName, string? originalName)
    {
        string archive = System.IO.Path.GetFullPath(archivePath);
        string shown = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(archive)!, virtualName);
        Entry[] exact = [.. Entries.Where(entry => entry.FullPath == archive || entry.FullPath == shown)];
        Entry[] found = exact.Length > 0 ? exact
            : [.. Entries.Where(entry => entry.FileName == System.IO.Path.GetFileName(virtualName) || entry.FileName == originalName)];
        lock (_found)
        {
            _found.UnionWith(found);
        }

        return found;
    }

    /// <summary>The archive of an entry where no archives were named: the entry itself, or what <c>emfs compress</c> makes of it.</summary>
    public static string ArchiveOf(Entry entry) =>
        ((string[])[entry.FullPath + ".hdf", System.IO.Path.ChangeExtension(entry.FullPath, ".hdf")]).FirstOrDefault(File.Exists) ?? entry.FullPath;

    // "sum  name" or "sum *name"; a leading backslash says that the name has escapes.
    private static Entry Parse(string path, string folder, string line, int number)
    {
        bool isEscaped = line[0] == '\\';
        ReadOnlySpan<char> rest = line.AsSpan(isEscaped ? 1 : 0);
        bool isEntry = rest.Length > DigitCount + 2 && rest[..DigitCount].ToString().All(char.IsAsciiHexDigit)
            && rest[DigitCount] == ' ' && rest[DigitCount + 1] is ' ' or '*';
        if (!isEntry)
        {
            throw new CommandException(
                ExitCode.Usage, string.Create(CultureInfo.InvariantCulture, $"{path}, line {number}: this is no SHA-256 sum and name, as sha256sum writes them"));
        }

        string name = rest[(DigitCount + 2)..].ToString();
        name = isEscaped ? name.Replace("\\n", "\n", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal) : name;
        return new Entry(name, System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, name)), rest[..DigitCount].ToString().ToLowerInvariant());
    }

    /// <summary>One line.</summary>
    /// <param name="Name">As it is written.</param>
    /// <param name="Sha256">Hexadecimal digits in lower case.</param>
    internal sealed record Entry(string Name, string FullPath, string Sha256)
    {
        public string FileName => System.IO.Path.GetFileName(FullPath);
    }
}
