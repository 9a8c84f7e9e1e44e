using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;

namespace VirtualEmFs.Mount.Commands;

/// <summary>Runs a command so that its user sees one sentence when it fails, never a stack trace.</summary>
internal static class CommandLineProgram
{
    /// <summary>Set to 1, an unexpected error prints its stack trace too: for a report to the developers.</summary>
    private const string TraceVariableName = "EMFS_TRACE";

    /// <returns>The process's exit code: <see cref="ExitCode"/>.</returns>
    public static int Run(RootCommand root, string[] args)
    {
        Console.SetOut(new StandardOutput(Console.Out));
        foreach (VersionOption option in root.Options.OfType<VersionOption>())
        {
            option.Action = new VersionAction();
        }

        if (args.Length == 0)
        {
            // Who asks for nothing gets help, but a script that forgets the command must not take it for an answer.
            root.Parse("--help").Invoke(new InvocationConfiguration { Output = Console.Error });
            return (int)ExitCode.Usage;
        }

        ParseResult parsed = root.Parse(args);
        if (parsed.Action is not (HelpAction or VersionAction) && FaultsOf(parsed) is [_, ..] faults)
        {
            Console.Error.WriteLine($"emfs: {string.Join("; ", faults)}; 'emfs {NameOf(parsed.CommandResult)}--help' shows what there is");
            return (int)ExitCode.Usage;
        }

        try
        {
            // Each command handles its own signals: the parser's handlers would end a mount without unmounting it.
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (CommandException e)
        {
            Console.Error.WriteLine($"emfs: {e.Message}");
            return (int)e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return (int)ExitCode.Interrupted;
        }
        catch (OutputException e)
        {
            Console.Error.WriteLine($"emfs: {e.Message}");
            return (int)ExitCode.Failure;
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && !HasCurrentFolder())
        {
            Console.Error.WriteLine(
                "emfs: the folder in which you are is gone, or lies on a mount whose process has died: change to another one with cd, and say it again");
            return (int)ExitCode.Failure;
        }
        catch (Exception e)
        {
            bool trace = Environment.GetEnvironmentVariable(TraceVariableName) == "1";
            Console.Error.WriteLine(trace
                ? $"emfs: an unexpected error: {e}"
                : $"emfs: an unexpected error: {e.Message} (set {TraceVariableName}=1 and run it again for the details that a report needs)");
            return (int)ExitCode.InternalError;
        }
    }

    /// <summary>Relative paths mean nothing, and full ones cannot be made of them, where the system does not say in which folder we are.</summary>
    private static bool HasCurrentFolder()
    {
        try
        {
            return Environment.CurrentDirectory.Length > 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A command as it is typed, "rules show " for instance; "" for the program itself.</summary>
    private static string NameOf(CommandResult command) => command.Parent is CommandResult parent ? $"{NameOf(parent)}{command.Command.Name} " : "";

    /// <summary>What is wrong with a command line, in parts of one sentence.</summary>
    private static List<string> FaultsOf(ParseResult parsed)
    {
        List<string> faults =
        [
            .. parsed.Errors
                .Select(static error => error.Message.ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal).TrimEnd('.'))
                .Distinct(),
        ];
        if (faults.Count > 1)
        {
            // Who misspells a command has given one.
            faults.RemoveAll(static fault => fault.StartsWith("Required command", StringComparison.Ordinal));
        }

        if (parsed.Tokens.Any(static token => token.Value.Length == 0))
        {
            faults.Add("one of the arguments is empty, as that of a variable of the shell that is not set");
        }

        // A misspelt option must not pass for a file while the others are worked on without it.
        faults.AddRange(parsed.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(static argument => argument.Tokens)
            .Where(static token => token.Value is ['-', _, ..] && !Path.Exists(token.Value))
            .Select(static token => $"there is no option '{token.Value}'"));
        return faults;
    }
}
