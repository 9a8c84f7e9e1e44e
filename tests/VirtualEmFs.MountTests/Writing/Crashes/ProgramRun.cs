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

    /// <summary>After the call that was not answered, or with a failure, too.</summary>
    public WrittenFiles Next { get; private set; } = new();

    /// <summary>What went wrong without a reason; null when nothing did.</summary>
    public string? Violation { get; private set; }

    /// <summary>Failures that the program was told of.</summary>
    public int Failures { get; private set; }

    /// <summary>Calls that were answered.</summary>
    public int AnsweredCalls { get; private set; }

    /// <summary>Each call and its answer.</summary>
    public string Log => string.Join("; ", _log);

    /// <summary>Makes the calls until the mount dies, the program gives up, or they end.</summary>
    /// <param name="failure">What a call may be answered with; null for success alone.</param>
    /// <param name="before">What there is when it starts; null for nothing.</param>
    public static ProgramRun Make(IReadOnlyList<ProgramStep> steps, string folder, ExpectedFailure? failure = null, WrittenFiles? before = null)
    {
        var run = new ProgramRun();
        run.Answered = run.Next = before?.Clone() ?? new WrittenFiles();
        using var calls = new ProgramCalls(folder);
        foreach (ProgramStep step in steps)
        {
            if (!run.Make(step, folder, calls, failure))
            {
                break;
            }
        }

        return run;
    }

    private static bool SaysDead(int errno) => errno is Errno.ENOTCONN or ECONNABORTED;

    /// <summary>
    /// Whether the mount is dead. The kernel answers a request with EIO whose bytes it was copying to the process as that was killed
    /// (fuse_dev_do_read); a name that nobody has asked for then finds no mount, and of a live one no file.
    /// </summary>
    private static bool IsDead(string folder)
    {
        int errno = Errno.EIO;
        for (int tries = 0; tries < 10 && errno == Errno.EIO; tries++)
        {
            errno = LinuxFile.Stat($"{folder}/{Guid.NewGuid()}", followLinks: false, out _);
        }

        return SaysDead(errno);
    }

    /// <returns>False when the mount is dead, the program gives up, or something is wrong.</returns>
    private bool Make(ProgramStep step, string folder, ProgramCalls calls, ExpectedFailure? failure)
    {
        Next = Answered.Clone();
        int errno = step.Call(calls);
        bool isUnanswered = SaysDead(errno) || (errno == Errno.EIO && IsDead(folder));
        _log.Add(errno == 0 ? step.Name : $"{step.Name} ({Errno.Message(errno)})");
        if (isUnanswered)
        {
            step.Apply(Next);
            return false;
        }

        // Names that cannot be made durable any more are an I/O error, whatever the first reason was.
        if (errno != 0 && failure is not null && (errno == failure.Errno || (failure.IsForEver && errno == Errno.EIO)))
        {
            Failures++;
            if (failure.IsForEver)
            {
                step.Apply(Next);
                return false;
            }

            errno = step.Call(calls);
            _log.Add($"again {step.Name} ({(errno == 0 ? "ok" : Errno.Message(errno))})");
        }

        if (errno != 0)
        {
            Violation = $"{step.Name}: {Errno.Message(errno)}";
            return false;
        }

        AnsweredCalls++;
        step.Apply(Answered);
        Next = Answered;
        return true;
    }
}

/// <summary>A failure of the disk that a program may be told of.</summary>
/// <param name="IsForEver">The program gives up; otherwise it makes the call once more, which must succeed.</param>
internal sealed record ExpectedFailure(int Errno, bool IsForEver);
