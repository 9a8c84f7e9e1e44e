using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using VirtualEmFs.Native;
using VirtualEmFs.Native.Fuse3;
using VirtualEmFs.Native.Hdf5;

namespace VirtualEmFs.Mount.Commands;

/// <summary><c>emfs --version</c>: this program's version, and the native libraries that it finds.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        Console.WriteLine($"emfs {Assembly.GetExecutingAssembly().GetName().Version?.ToString(3)}");
        Print("fuse3", static () => FuseVersion.Probe().Text);
        Print("hdf5", static () => Hdf5Library.Version.ToString());

        // libdeflate tells its version only to compilers.
        Print("deflate", static () => NativeLibraries.Load("deflate") != 0 ? "found" : "");
        return (int)ExitCode.Success;
    }

    private static void Print(string library, Func<string> version)
    {
        string text;
        try
        {
            text = $"{version()} ({NativeLibraries.FileNameOf(library)})";
        }
        catch (Exception e) when (e is DllNotFoundException or PlatformNotSupportedException or Hdf5Exception)
        {
            text = e.Message;
        }

        Console.WriteLine($"{library,-8} {text}");
    }
}
