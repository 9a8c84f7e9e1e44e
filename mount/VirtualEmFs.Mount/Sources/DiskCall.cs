namespace VirtualEmFs.Mount.Sources;

/// <summary>Kinds of call that a disk is asked for, as <see cref="DiskFaults"/> names them.</summary>
public enum DiskCall
{
    Open,
    Stat,
    List,
    MakeFolder,
    RemoveFolder,
    MakeSymbolicLink,
    MakeNode,
    MakeHardLink,
    Unlink,
    Rename,
    SetAttributes,
    GetExtendedAttribute,
    ListExtendedAttributes,
    SetExtendedAttribute,
    RemoveExtendedAttribute,
    SyncFolder,
    GetCapacity,
    Read,
    Seek,
    Write,
    SetLength,
    Allocate,
    Sync,

    /// <summary>A step by which the compressor brings an archive into being.</summary>
    CommitStep,
}
