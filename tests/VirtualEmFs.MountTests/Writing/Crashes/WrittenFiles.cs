namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>A file as its program knows it.</summary>
/// <param name="IsLossy">Its rule lets samples move by half a step of ten bits.</param>
internal sealed record WrittenFile(byte[] Bytes, bool IsLossy = false);

/// <summary>What a program knows about its files from the answers that it got: every call that was answered has happened.</summary>
internal sealed class WrittenFiles
{
    public SortedDictionary<string, WrittenFile> Files { get; private init; } = new(StringComparer.Ordinal);

    public SortedSet<string> Folders { get; private init; } = new(StringComparer.Ordinal);

    /// <summary>All names, folders with a slash at their end.</summary>
    public IEnumerable<string> Names => Files.Keys.Concat(Folders.Select(static folder => folder + "/")).Order(StringComparer.Ordinal);

    /// <summary>What a program finds that starts anew.</summary>
    public static WrittenFiles Of(MountedFiles shown) => new()
    {
        Files = new(shown.Files.ToDictionary(static file => file.Key, static file => new WrittenFile(file.Value)), StringComparer.Ordinal),
        Folders = new(shown.Names.Where(static name => name.EndsWith('/')).Select(static name => name.TrimEnd('/')), StringComparer.Ordinal),
    };

    public WrittenFiles Clone() => new() { Files = new(Files, StringComparer.Ordinal), Folders = new(Folders, StringComparer.Ordinal) };

    public void Write(string path, int fileOffset, byte[] bytes)
    {
        var content = new byte[Math.Max(Files[path].Bytes.Length, fileOffset + bytes.Length)];
        Files[path].Bytes.CopyTo(content, 0);
        bytes.CopyTo(content, fileOffset);
        Files[path] = Files[path] with { Bytes = content };
    }

    public void Rename(string from, string to)
    {
        foreach ((string path, WrittenFile file) in Files.Where(entry => entry.Key == from || entry.Key.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            Files.Remove(path);
            Files[to + path[from.Length..]] = file;
        }

        foreach (string folder in Folders.Where(folder => folder == from || folder.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            Folders.Remove(folder);
            Folders.Add(to + folder[from.Length..]);
        }
    }

    /// <summary>Compares with what a mount shows, after all of these calls and perhaps one more.</summary>
    /// <param name="next">After one more call, of which nobody knows whether, or how much of it, has happened.</param>
    /// <returns>The first difference in a sentence; null when there is none.</returns>
    public string? DifferenceFrom(MountedFiles shown, WrittenFiles next)
    {
        WrittenFiles expected = shown.Names.SequenceEqual(Names) ? this : next;
        if (!shown.Names.SequenceEqual(expected.Names))
        {
            return $"names are {string.Join(' ', shown.Names)} and should be {string.Join(' ', Names)}"
                + (next == this ? "" : $", or {string.Join(' ', next.Names)}");
        }

        foreach ((string path, WrittenFile file) in expected.Files)
        {
            WrittenFile? other = (expected == this ? next : this).Files.GetValueOrDefault(path);
            if (DifferenceOf(path, file, other, shown.Files[path]) is { } difference)
            {
                return difference;
            }
        }

        return null;
    }

    private static string? DifferenceOf(string path, WrittenFile file, WrittenFile? other, byte[] bytes)
    {
        byte[] alternative = other?.Bytes ?? file.Bytes;
        if (bytes.Length < Math.Min(file.Bytes.Length, alternative.Length) || bytes.Length > Math.Max(file.Bytes.Length, alternative.Length))
        {
            return $"{path} has {bytes.Length} bytes and should have {file.Bytes.Length}";
        }

        if (file.IsLossy && bytes.Length == file.Bytes.Length && bytes.Length > MrcContent.HeaderLengthBytes)
        {
            return MrcContent.DifferenceInTenBits(path, file.Bytes, bytes);
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            // Where the file grows in the call that nobody knows of, it may have zeros.
            bool isRight = (i < file.Bytes.Length && bytes[i] == file.Bytes[i]) || (i < alternative.Length && bytes[i] == alternative[i]);
            if (!isRight)
            {
                return $"byte {i} of {path} is {bytes[i]}";
            }
        }

        return null;
    }
}
