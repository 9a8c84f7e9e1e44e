using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.MountTests.Writing.Crashes;

/// <summary>A program that makes its calls, and notes what was answered.</summary>
internal sealed class ProgramRun
{
    private const int ECONNABORTED = 103;

    private readonly List<string> _log = [];

    private ProgramRun()
    {
    }

    /// <summary>After all calls that were answered.</summary>
    public WrittenFiles Answered { get; private set; } = new();

    /// <summary>After the call during which the mount died, too.</summary>
    public WrittenFiles Next { get; private set; } = new();

    /// <summary>What went wrong without a reason; null when nothing did.</summary>
    public string? Violation { get; private set; }

    /// <summary>Failures that the program was told of.</summary>
    public int Failures { get; private set; }

    /// <summary>Each call and its answer.</summary>
    public string Log => string.Join("; ", _log);

    /// <summary>Makes the calls until the mount dies or they end.</summary>
    /// <param name="mayFail">Whether a call may be answered with this error number, too; then it is made once more where it says so.</param>
    public static ProgramRun Make(IReadOnlyList<ProgramStep> steps, string folder, Func<int, FailedCall>? mayFail = null)
    {
        var run = new ProgramRun();
        using var calls = new ProgramCalls(folder);
        foreach (ProgramStep step in steps)
        {
            if (!run.Make(step, calls, mayFail))
            {
                break;
            }
        }

        return run;
    }

    /// <returns>False when the mount is dead, or something is wrong.</returns>
    private bool Make(ProgramStep step, ProgramCalls calls, Func<int, FailedCall>? mayFail)
    {
        if (step.File is { } path && !calls.HasOpen(path))
        {
            return true; // its open has failed
        }

        Next = Answered.Clone();
        int errno = step.Call(calls);
        _log.Add(errno == 0 ? step.Name : $"{step.Name} ({Errno.Message(errno)})");
        if (errno is Errno.ENOTCONN or ECONNABORTED)
        {
            step.Apply(Next);
            return false;
        }

        if (errno != 0 && mayFail is not null)
        {
            FailedCall failed = mayFail(errno);
            Failures++;
            if (failed == FailedCall.IsMadeAgain)
            {
                errno = step.Call(calls);
                _log.Add($"again {step.Name} ({(errno == 0 ? "ok" : Errno.Message(errno))})");
            }
            else if (failed == FailedCall.IsLeft)
            {
                if (step.Name.StartsWith("write", StringComparison.Ordinal))
                {
                    Answered.Files[step.File!] = Answered.Files[step.File!] with { IsUncertain = true };
                }

                return true;
            }
        }

        if (errno != 0)
        {
            Violation = $"{step.Name}: {Errno.Message(errno)}";
            return false;
        }

        step.Apply(Answered);
        Next = Answered;
        return true;
    }
}

/// <summary>What a program does about a call that failed.</summary>
internal enum FailedCall
{
    /// <summary>Must not be.</summary>
    IsWrong,

    /// <summary>It makes the call once more, which must succeed.</summary>
    IsMadeAgain,

    /// <summary>It goes on without it.</summary>
    IsLeft,
}
