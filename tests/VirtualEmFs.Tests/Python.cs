using System.Diagnostics;

namespace VirtualEmFs.Tests;

/// <summary>Runs programs of others, such as h5py, to see what they read in our files.</summary>
internal static class Python
{
    /// <summary>The system's interpreter: it has numpy and h5py.</summary>
    private const string Interpreter = "/usr/bin/python3";

    private static readonly TimeSpan s_deadline = TimeSpan.FromMinutes(2);

    /// <summary>What a script prints, without the last line's end.</summary>
    /// <exception cref="InvalidOperationException">It fails; the message holds what it said.</exception>
    public static string Run(string script, params string[] arguments) => RunProgram(Interpreter, ["-c", script, .. arguments]);

    /// <summary>A string as Python writes it.</summary>
    public static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    /// <summary>What a program prints.</summary>
    /// <exception cref="InvalidOperationException">It fails or misses its deadline; the message holds what it said.</exception>
    public static string RunProgram(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_deadline))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"{program} did not end in {s_deadline}");
        }

        return process.ExitCode == 0
            ? output.Result.TrimEnd('\n')
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors.Result}{output.Result}");
    }
}
