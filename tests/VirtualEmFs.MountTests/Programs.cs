using System.Diagnostics;
using Xunit;

namespace VirtualEmFs.MountTests;

/// <summary>How a program ended, and what it printed.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error);

/// <summary>Runs programs on the mount, each in a process of its own and with a deadline.</summary>
internal static class Programs
{
    /// <summary>Debian's own interpreter: numpy, h5py and mrcfile are its packages.</summary>
    public const string Python = "/usr/bin/python3";

    /// <summary>The program under test, built with the tests.</summary>
    public static string Emfs { get; } = Built("VirtualEmFs.Mount", "emfs");

    /// <summary>Mounts a folder as it is, writable; built with the tests.</summary>
    public static string MirrorMount { get; } = Built("VirtualEmFs.MirrorMount", "VirtualEmFs.MirrorMount");

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="TimeoutException">The deadline passed; the program and its children are gone.</exception>
    public static ProgramResult Run(TimeSpan deadline, string program, IEnumerable<string> arguments, string? workingFolder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingFolder ?? "",
        };
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(deadline))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} took more than {deadline}");
        }

        return new ProgramResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    /// <summary>What a program prints that must succeed within three minutes.</summary>
    public static string Check(string program, params string[] arguments) => CheckIn("", program, arguments);

    /// <summary>The same in a working folder.</summary>
    public static string CheckIn(string workingFolder, string program, params string[] arguments)
    {
        ProgramResult result = Run(TimeSpan.FromMinutes(3), program, arguments, workingFolder);
        Assert.True(
            result.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}:\n{result.Output}{result.Error}");
        return result.Output;
    }

    private static string Built(string project, string program) =>
        Path.Combine(GoldenData.RepositoryRoot, "artifacts/bin", project, new DirectoryInfo(AppContext.BaseDirectory).Name, program);
}
