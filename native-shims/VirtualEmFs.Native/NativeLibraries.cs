using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Native;

/// <summary>
/// Finds the distribution's native libraries: tries each name that distributions use, and, failing, says which package to install.
/// </summary>
/// <remarks>Any thread. One table serves the whole assembly, since a resolver can be set only once.</remarks>
public static class NativeLibraries
{
    private sealed record Candidates(string Title, string Packages, params string[] FileNames);

    /// <summary>What <c>[LibraryImport]</c> calls each library, and where it may be found, most common first.</summary>
    private static readonly Dictionary<string, Candidates> s_candidates = new()
    {
        // libfuse 3.17 raised the version to 4; the functions in use are the same.
        ["fuse3"] = new("libfuse 3", "fuse3 and libfuse3-3 (Debian, Ubuntu) or fuse3 and fuse3-libs (Fedora)", "libfuse3.so.3", "libfuse3.so.4", "libfuse3.so"),

        // .103 is 1.10, .200 is 1.12, .310 is 1.14; Debian adds _serial to the build without MPI.
        ["hdf5"] = new(
            "libhdf5 1.10 or newer", "libhdf5-103-1 (Debian), libhdf5-103 (Ubuntu) or hdf5 (Fedora)",
            "libhdf5_serial.so.103", "libhdf5.so.103", "libhdf5_serial.so.200", "libhdf5.so.200",
            "libhdf5_serial.so.310", "libhdf5.so.310", "libhdf5_serial.so.320", "libhdf5.so.320", "libhdf5_serial.so", "libhdf5.so"),
        ["deflate"] = new("libdeflate", "libdeflate0 (Debian, Ubuntu) or libdeflate (Fedora)", "libdeflate.so.0", "libdeflate.so"),
        ["zstd"] = new("libzstd", "libzstd1 (Debian, Ubuntu) or libzstd (Fedora)", "libzstd.so.1", "libzstd.so"),
        ["lzma"] = new("liblzma", "liblzma5 (Debian, Ubuntu) or xz-libs (Fedora)", "liblzma.so.5", "liblzma.so"),
        ["lz4"] = new("liblz4", "liblz4-1 (Debian, Ubuntu) or lz4-libs (Fedora)", "liblz4.so.1", "liblz4.so"),
        ["blosc"] = new("libblosc", "libblosc1 (Debian, Ubuntu) or blosc (Fedora)", "libblosc.so.1", "libblosc.so"),
        ["sqlite3"] = new("SQLite 3", "libsqlite3-0 (Debian, Ubuntu) or sqlite-libs (Fedora)", "libsqlite3.so.0", "libsqlite3.so"),
    };

    private static readonly ConcurrentDictionary<string, (nint Handle, string FileName)> s_loaded = new();

    /// <summary>The file name under which a library was found; null when it is not installed.</summary>
    /// <param name="library">Its name in <c>[LibraryImport]</c>: <c>hdf5</c>, <c>fuse3</c> and so on.</param>
    public static string? FileNameOf(string library) => TryLoad(library, out _, out string? fileName) ? fileName : null;

    /// <summary>Loads a library, once.</summary>
    /// <exception cref="DllNotFoundException">None of its names is installed; the message names the package.</exception>
    public static nint Load(string library)
    {
        if (TryLoad(library, out nint handle, out _))
        {
            return handle;
        }

        Candidates candidates = s_candidates[library];
        throw new DllNotFoundException(
            $"{candidates.Title} was not found (tried {string.Join(", ", candidates.FileNames)}): install {candidates.Packages}.");
    }

    private static bool TryLoad(string library, out nint handle, [NotNullWhen(true)] out string? fileName)
    {
        if (!s_loaded.TryGetValue(library, out (nint Handle, string FileName) loaded))
        {
            foreach (string candidate in s_candidates[library].FileNames)
            {
                if (NativeLibrary.TryLoad(candidate, out nint found))
                {
                    loaded = s_loaded.GetOrAdd(library, (found, candidate));
                    break;
                }
            }
        }

        (handle, fileName) = loaded;
        return handle != 0;
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The resolver must be there before the first call into any library of this assembly.")]
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(
        Assembly.GetExecutingAssembly(),
        (library, _, _) => s_candidates.ContainsKey(library) ? Load(library) : 0);
}
