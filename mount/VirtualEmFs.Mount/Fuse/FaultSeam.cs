namespace VirtualEmFs.Mount.Fuse;

/// <summary>
/// A failure that a test provokes in a mounted process, through the environment variable <c>EMFS_TEST_FAULT</c>: <c>throw:read</c> makes the
/// callback of every read throw, <c>hang:read</c> leaves every read without an answer. Operations are named as in libfuse's table.
/// </summary>
public sealed class FaultSeam
{
    /// <summary>Name of the environment variable.</summary>
    public const string VariableName = "EMFS_TEST_FAULT";

    private readonly FuseOperation _operation;
    private readonly bool _throws;

    private FaultSeam(FuseOperation operation, bool throws)
    {
        _operation = operation;
        _throws = throws;
    }

    /// <summary>The fault that the environment asks for, if any.</summary>
    /// <exception cref="FormatException">The variable is set to something else than <c>throw:</c> or <c>hang:</c> and an operation.</exception>
    public static FaultSeam? FromEnvironment() =>
        Environment.GetEnvironmentVariable(VariableName) is { Length: > 0 } text ? Parse(text) : null;

    internal static FaultSeam Parse(string text) =>
        text.Split(':') is ["throw" or "hang", var name] && Enum.TryParse(name, ignoreCase: true, out FuseOperation operation)
            ? new FaultSeam(operation, text.StartsWith("throw", StringComparison.Ordinal))
            : throw new FormatException($"{VariableName} is '{text}': expected throw:OPERATION or hang:OPERATION");

    /// <returns>True when the request must stay without an answer.</returns>
    internal bool Strike(FuseOperation operation)
    {
        if (operation != _operation)
        {
            return false;
        }

        return _throws ? throw new InvalidOperationException($"a fault provoked in {operation}") : true;
    }
}
