using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Fuse3;

/// <summary>The libfuse that this process has loaded.</summary>
/// <param name="Number">fuse_version(): 314 for 3.14.</param>
/// <param name="Text">The release as libfuse prints it.</param>
/// <param name="FileName">The name that it was found under.</param>
public sealed record FuseVersion(int Number, string Text, string FileName)
{
    // 3.7 is the first release with fuse_set_log_func; lseek came in 3.8. Releases that call themselves 4 may have changed any struct.
    private const int OldestNumber = 308;
    private const int NewestNumber = 399;

    /// <summary>Loads libfuse and asks for its version.</summary>
    /// <exception cref="DllNotFoundException">libfuse 3 is not installed.</exception>
    /// <exception cref="PlatformNotSupportedException">The release or the processor is one whose structs this program does not know.</exception>
    public static unsafe FuseVersion Probe()
    {
        NativeLibraries.Load("fuse3");
        string? fileName = NativeLibraries.FileNameOf("fuse3");
        int number = Libfuse3.fuse_version();

        // SAFETY: fuse_pkgversion returns a constant, NUL-terminated string of the library.
        string text = Marshal.PtrToStringUTF8((nint)Libfuse3.fuse_pkgversion()) ?? "";
        if (number is < OldestNumber or > NewestNumber)
        {
            throw new PlatformNotSupportedException($"libfuse {text} ({fileName}) is not a release that emfs knows: it needs 3.8 or later, below 4");
        }

        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new PlatformNotSupportedException("emfs mounts on x86-64 only: the layout of struct stat differs on other processors");
        }

        return new FuseVersion(number, text, fileName!);
    }
}
