namespace VirtualEmFs.Mount;

/// <summary>A command cannot do what was asked. The message is one sentence for the user: what, where, and what to do.</summary>
public sealed class CommandException(ExitCode exitCode, string message) : Exception(message)
{
    public ExitCode ExitCode { get; } = exitCode;
}
