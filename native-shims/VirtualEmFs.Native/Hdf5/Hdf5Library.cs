using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Native.Hdf5;

/// <summary>libhdf5 as a whole: its lock, version, predefined identifiers and errors.</summary>
/// <remarks>libhdf5 as distributions build it is not safe from several threads: every call of this assembly is made between <see cref="Enter"/> and the disposal of what it returns.</remarks>
public static unsafe class Hdf5Library
{
    /// <summary>The first version that has H5Dwrite_chunk in the library itself.</summary>
    public static readonly Version OldestVersion = new(1, 10, 3);

    private static readonly Lock s_gate = new();
    private static readonly Lazy<Version> s_version = new(Start);

    // Builds that are safe from several threads keep a stack of errors for each, which prints itself unless told otherwise.
    [ThreadStatic]
    private static bool t_isQuiet;

    /// <summary>The version that was loaded.</summary>
    /// <exception cref="DllNotFoundException">The library is not installed; names the package.</exception>
    /// <exception cref="Hdf5Exception">It is too old.</exception>
    public static Version Version => s_version.Value;

    /// <summary>Takes the lock that is held during every call; dispose the result to give it back. May be entered again by its holder.</summary>
    internal static Lock.Scope Enter()
    {
        Lock.Scope scope = s_gate.EnterScope();
        if (!t_isQuiet)
        {
            // Errors become exceptions with the library's text, and nothing is printed.
            t_isQuiet = Libhdf5.H5Eset_auto2(Libhdf5.H5E_DEFAULT, 0, 0) >= 0;
        }

        return scope;
    }

    /// <summary>Reads an identifier that the library exports as a variable, such as <c>H5T_NATIVE_FLOAT_g</c>.</summary>
    internal static long Identifier(string symbol)
    {
        _ = Version;

        // SAFETY: the symbol is a hid_t of the loaded library, which H5open has set and which is never unloaded.
        return *(long*)NativeLibrary.GetExport(NativeLibraries.Load("hdf5"), symbol);
    }

    /// <summary>Turns a negative result into an exception with the library's own text. Call inside <see cref="Enter"/>.</summary>
    internal static long Check(long result, [CallerArgumentExpression(nameof(result))] string call = "")
    {
        if (result < 0)
        {
            throw new Hdf5Exception(FunctionOf(call), TakeErrors());
        }

        return result;
    }

    /// <summary>Empties the error stack. Call inside <see cref="Enter"/>.</summary>
    internal static void DiscardErrors() => _ = Libhdf5.H5Eclear2(Libhdf5.H5E_DEFAULT);

    private static string FunctionOf(string call)
    {
        ReadOnlySpan<char> name = call.AsSpan(0, call.IndexOf('(') is >= 0 and int end ? end : call.Length);
        return name[(name.LastIndexOf('.') + 1)..].ToString();
    }

    private static string TakeErrors()
    {
        var causes = new List<string>();
        var handle = GCHandle.Alloc(causes);

        // SAFETY: the list stays reachable through its handle until the walk, which is synchronous, has ended.
        _ = Libhdf5.H5Ewalk2(Libhdf5.H5E_DEFAULT, Libhdf5.H5E_WALK_DOWNWARD, &AddCause, (void*)GCHandle.ToIntPtr(handle));
        handle.Free();
        DiscardErrors();
        causes.Reverse();
        return causes.Count == 0 ? "the library gives no reason" : string.Join("; ", causes.Distinct());
    }

    [UnmanagedCallersOnly]
    private static int AddCause(uint index, Libhdf5.H5E_error2_t* error, void* list)
    {
        // SAFETY: list is the handle that TakeErrors passed, and desc a string of the library or null.
        var causes = (List<string>)GCHandle.FromIntPtr((nint)list).Target!;
        if (Marshal.PtrToStringUTF8((nint)error->desc) is { Length: > 0 } text)
        {
            causes.Add(text);
        }

        return 0;
    }

    private static Version Start()
    {
        NativeLibraries.Load("hdf5");

        // Before anything else of the library. Every file is closed where its failure can be told; what a full disk did not let
        // close would crash the library when the process ends.
        Check(Libhdf5.H5dont_atexit());
        using (Enter())
        {
            uint major, minor, release;
            Check(Libhdf5.H5open());
            Check(Libhdf5.H5get_libversion(&major, &minor, &release));
            var version = new Version((int)major, (int)minor, (int)release);
            return version >= OldestVersion
                ? version
                : throw new Hdf5Exception("H5get_libversion", $"libhdf5 {version} is too old: {OldestVersion} or newer is needed");
        }
    }
}
