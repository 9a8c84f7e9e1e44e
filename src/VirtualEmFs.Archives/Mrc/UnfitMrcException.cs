using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Mrc;

/// <summary>A file is no exact, complete MRC file: it was read, and its bytes are otherwise.</summary>
public sealed class UnfitMrcException(string path, string reason) : ArchiveException(path, reason);
