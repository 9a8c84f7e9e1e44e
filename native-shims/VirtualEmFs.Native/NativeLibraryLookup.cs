using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using VirtualEmFs.Native.Fuse3;

namespace VirtualEmFs.Native;

/// <summary>Finds each native library under the names that distributions give it.</summary>
/// <remarks>Any thread. A library is loaded at its first use, once, and stays loaded.</remarks>
public static class NativeLibraryLookup
{
    private static readonly ConcurrentDictionary<string, Loaded> s_loaded = new();

    /// <summary>Every library that this project may load, one line each.</summary>
    public static IReadOnlyList<NativeLibraryDescription> All { get; } =
    [
        Libfuse3.Description,
    ];

    /// <summary>Loads a library, or says that it is missing.</summary>
    /// <param name="fileName">The name that it was found under.</param>
    /// <returns>False when none of the names can be loaded.</returns>
    public static bool TryLoad(NativeLibraryDescription library, out nint handle, out string? fileName)
    {
        Loaded loaded = s_loaded.GetOrAdd(library.ImportName, static (_, wanted) => Load(wanted), library);
        (handle, fileName) = loaded;
        return handle != 0;
    }

    /// <summary>Loads a library.</summary>
    /// <exception cref="NativeLibraryMissingException">None of its names can be loaded.</exception>
    public static nint Require(NativeLibraryDescription library) =>
        TryLoad(library, out nint handle, out _) ? handle : throw new NativeLibraryMissingException(library);

    // Runs once, before anything of this assembly is used: the runtime accepts one resolver for each assembly.
#pragma warning disable CA2255 // A module initializer in a library: there is no later moment at which every import is still unresolved.
    [ModuleInitializer]
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(NativeLibraryLookup).Assembly, Resolve);
#pragma warning restore CA2255

    private static nint Resolve(string importName, Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (NativeLibraryDescription library in All)
        {
            if (library.ImportName == importName)
            {
                return Require(library);
            }
        }

        return 0; // the C library: the runtime's own search finds it
    }

    private static Loaded Load(NativeLibraryDescription library)
    {
        foreach (string fileName in library.FileNames)
        {
            if (NativeLibrary.TryLoad(fileName, out nint handle))
            {
                return new Loaded(handle, fileName);
            }
        }

        return default;
    }

    private readonly record struct Loaded(nint Handle, string? FileName);
}
