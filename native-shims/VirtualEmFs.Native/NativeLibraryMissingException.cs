namespace VirtualEmFs.Native;

/// <summary>A native library cannot be loaded; the message names the files tried and the package to install.</summary>
public sealed class NativeLibraryMissingException(NativeLibraryDescription library) : DllNotFoundException(
    $"{library.ImportName} cannot be loaded (tried {string.Join(", ", library.FileNames)}); install it with: apt-get install {library.DebianPackage}")
{
    public NativeLibraryDescription Library { get; } = library;
}
