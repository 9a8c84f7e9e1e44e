namespace VirtualEmFs.Archives.Compression;

/// <summary>The steps by which an archive comes into being, in their order.</summary>
public enum CommitStep
{
    /// <summary>The temporary file is created beside the target.</summary>
    Create,

    /// <summary>An image's group and dataset are created.</summary>
    BeginImage,

    /// <summary>A chunk is written.</summary>
    WriteChunk,

    /// <summary>An image's header is written.</summary>
    EndImage,

    /// <summary>The root group is written and the file closed.</summary>
    Close,

    /// <summary>Permissions and modification time are set.</summary>
    SetAttributes,

    /// <summary>The file goes to the disk.</summary>
    SyncFile,

    /// <summary>The file is read back by our own reader.</summary>
    Verify,

    /// <summary>The input is checked to be what it was at the start.</summary>
    CheckInput,

    /// <summary>The file gets its name.</summary>
    Rename,

    /// <summary>The folder goes to the disk.</summary>
    SyncFolder,

    /// <summary>After a failure: the temporary file is removed.</summary>
    Discard,
}

/// <summary>Sees each step before it is taken; an exception from it is a failure of that step.</summary>
public interface ICommitSteps
{
    void Before(CommitStep step);
}

/// <summary>Nobody looks.</summary>
internal sealed class UnobservedSteps : ICommitSteps
{
    public static UnobservedSteps Instance { get; } = new();

    public void Before(CommitStep step)
    {
    }
}
