using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Compression;

/// <summary>A rule says that the file is not to be compressed.</summary>
public sealed class KeptRawException(string path, string rule) : ArchiveException(path, $"stays as it is by rule ({rule})");
