namespace VirtualEmFs.Vfs.Names;

/// <summary>
/// Which archive of a folder was first shown for a stem. It keeps that name until remount: a program that has seen
/// <c>X.mrc</c> never finds another archive's pixels under it.
/// </summary>
/// <remarks>Any thread. Lives as long as the mount: about 100 bytes for each archive shown.</remarks>
internal sealed class FolderBindings
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _owners = new(StringComparer.Ordinal); // guarded by _gate
    private readonly HashSet<string> _created = new(StringComparer.Ordinal);           // guarded by _gate

    /// <summary>Name of the archive that owns a stem; null while none was shown.</summary>
    public string? OwnerOf(string stem)
    {
        lock (_gate)
        {
            return _owners.GetValueOrDefault(stem);
        }
    }

    /// <summary>Notes an archive's own name that was made through the mount: it stays listed.</summary>
    public void NoteCreated(string name)
    {
        lock (_gate)
        {
            _created.Add(name);
        }
    }

    public bool WasCreated(string name)
    {
        lock (_gate)
        {
            return _created.Contains(name);
        }
    }

    /// <summary>Gives a stem to an archive unless it has an owner already.</summary>
    public void Bind(in ArchiveName archive)
    {
        lock (_gate)
        {
            _owners.TryAdd(archive.Stem, archive.Name);
        }
    }

    /// <summary>Gives a stem to an archive that was renamed to it, or will be made of what was written under it, whichever had it before.</summary>
    public void Give(string stem, string name)
    {
        lock (_gate)
        {
            _owners[stem] = name;
        }
    }
}
