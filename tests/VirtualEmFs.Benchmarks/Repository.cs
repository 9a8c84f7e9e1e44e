using System.Diagnostics;
using System.Globalization;

namespace VirtualEmFs.Benchmarks;

/// <summary>The repository's own programs and scripts, and how to run them.</summary>
internal static class Repository
{
    /// <summary>Debian's own interpreter: numpy and h5py are its packages.</summary>
    private const string Python = "/usr/bin/python3";

    public static string Root { get; } = FindRoot();

    /// <summary>The program under test, built with the benchmarks.</summary>
    public static string Emfs => Path.Combine(Root, "artifacts/bin/VirtualEmFs.Mount/release/emfs");

    /// <summary>What a script of <c>tests/python</c> prints. It has one core, as peers are measured.</summary>
    public static string RunScript(string script, params string[] arguments) =>
        Run("taskset", ["-c", "0", Python, Path.Combine(Root, "tests/python", script), .. arguments]);

    /// <summary>Seconds that a script prints.</summary>
    public static double SecondsOfScript(string script, params string[] arguments) =>
        double.Parse(RunScript(script, arguments), CultureInfo.InvariantCulture);

    /// <summary>What a program prints.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}");
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VirtualEmFs.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"{AppContext.BaseDirectory} lies in no copy of the repository.");
    }
}
