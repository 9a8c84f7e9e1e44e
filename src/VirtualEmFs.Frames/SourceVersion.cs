namespace VirtualEmFs.Frames;

/// <summary>Identity of one version of a source file: when any part differs, its bytes may differ.</summary>
/// <param name="Device">st_dev, as major·2^32 + minor.</param>
/// <param name="Inode">st_ino.</param>
/// <param name="LengthBytes">st_size.</param>
/// <param name="MtimeNs">Modification time, nanoseconds since 1970.</param>
/// <param name="CtimeNs">Status change time, nanoseconds since 1970.</param>
public readonly record struct SourceVersion(ulong Device, ulong Inode, long LengthBytes, long MtimeNs, long CtimeNs);
