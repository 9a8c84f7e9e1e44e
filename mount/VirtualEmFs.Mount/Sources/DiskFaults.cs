using VirtualEmFs.Mount.Fuse;
using VirtualEmFs.Native.Libc;
using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Sources;

/// <summary>
/// Failures of the disk that a test provokes in a mounted process, through the environment variable <c>EMFS_TEST_DISK</c>: wishes separated by
/// semicolons, all served by one counter of the calls that are made.
/// </summary>
/// <remarks>
/// Any thread.
/// <list type="bullet">
/// <item><c>kill:17</c> ends the process by SIGKILL before the 17th call.</item>
/// <item><c>fail:ENOSPC:write:3:once</c> makes the third write fail, <c>fail:EIO:sync:1:always:/prefix</c> every sync of what lies at or below
/// /prefix, from the first on. Kinds are those of <see cref="DiskCall"/>, or <c>any</c>. An EINTR is repeated, as the system's own is.</item>
/// <item><c>short:write:2</c> lets the second write take only half of its bytes.</item>
/// <item><c>count:/path/to/file</c> leaves the number of calls in that file when the process ends.</item>
/// </list>
/// </remarks>
public sealed class DiskFaults
{
    /// <summary>Name of the environment variable.</summary>
    public const string VariableName = "EMFS_TEST_DISK";

    private readonly List<Failure> _failures = [];
    private long _killedAtCall;
    private int _shortWrite;
    private int _writes;
    private long _calls;

    private DiskFaults()
    {
    }

    /// <summary>Calls counted so far.</summary>
    public long Calls => Interlocked.Read(ref _calls);

    /// <summary>The faults that the environment asks for, if any.</summary>
    /// <exception cref="FormatException">The variable is set to something else; the message is a sentence.</exception>
    public static DiskFaults? FromEnvironment() =>
        Environment.GetEnvironmentVariable(VariableName) is { Length: > 0 } text ? Parse(text) : null;

    /// <inheritdoc cref="FromEnvironment"/>
    internal static DiskFaults Parse(string text)
    {
        var faults = new DiskFaults();
        foreach (string wish in text.Split(';'))
        {
            faults.Add(wish);
        }

        return faults;
    }

    /// <summary>Counts a call that is about to be made, ends the process when that was asked for, and tells how the call must fail.</summary>
    /// <param name="path">What the call is about; "" where it has no path.</param>
    /// <param name="secondPath">The new name of a rename or link.</param>
    /// <returns><see cref="VfsStatus.Ok"/> when the call is to be made.</returns>
    public VfsStatus Count(DiskCall call, string path = "", string? secondPath = null)
    {
        while (true)
        {
            if (Interlocked.Increment(ref _calls) == _killedAtCall)
            {
                LinuxProcess.KillSelf();
            }

            int errno = 0;
            foreach (Failure failure in _failures)
            {
                if (failure.Strikes(call, path, secondPath) && errno == 0)
                {
                    errno = failure.Errno;
                }
            }

            if (errno != Errno.EINTR)
            {
                return VfsErrno.ToStatus(errno);
            }
        }
    }

    /// <summary>Counts a write that is about to be made, as <see cref="Count"/> does, and shortens it when that was asked for.</summary>
    /// <param name="lengthBytes">At least 1; at least 1 afterwards.</param>
    public VfsStatus CountWrite(string path, ref int lengthBytes)
    {
        if (Interlocked.Increment(ref _writes) == _shortWrite)
        {
            lengthBytes = Math.Max(1, lengthBytes / 2);
        }

        return Count(DiskCall.Write, path);
    }

    private void Add(string wish)
    {
        switch (wish.Split(':'))
        {
            case ["kill", var call] when TryOrdinal(call, out int killedAtCall):
                _killedAtCall = killedAtCall;
                break;
            case ["short", "write", var write] when TryOrdinal(write, out _shortWrite):
                break;
            case ["count", .. var path] when path is [[_, ..], ..]:
                string countFile = string.Join(':', path);
                AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllText(countFile, $"{Calls}\n");
                break;
            case ["fail", var name, var kind, var ordinal, "once" or "always", .. var prefix]
                when Failure.ErrnoOf(name) is { } errno && TryKind(kind, out DiskCall? call) && TryOrdinal(ordinal, out int first):
                bool always = wish.Split(':')[4] == "always";
                if (always && errno == Errno.EINTR)
                {
                    throw new FormatException($"{VariableName} asks for '{wish}': a call that is always interrupted is repeated for ever");
                }

                _failures.Add(new Failure(errno, call, first, always, string.Join(':', prefix)));
                break;
            default:
                throw new FormatException(
                    $"{VariableName} asks for '{wish}': expected kill:CALL, fail:ERRNO:KIND:NUMBER:once|always[:PREFIX], short:write:NUMBER or count:FILE");
        }
    }

    private static bool TryOrdinal(string text, out int ordinal) => int.TryParse(text, out ordinal) && ordinal >= 1;

    private static bool TryKind(string text, out DiskCall? call)
    {
        bool isKnown = Enum.TryParse(text, ignoreCase: true, out DiskCall kind) && char.IsAsciiLetter(text[0]);
        call = isKnown ? kind : null;
        return isKnown || text == "any";
    }

    // One failure, which counts the calls that it is about.
    private sealed class Failure(int errno, DiskCall? call, int first, bool always, string prefix)
    {
        private int _matches;

        public int Errno => errno;

        public static int? ErrnoOf(string name) => typeof(Errno).GetField(name)?.GetRawConstantValue() as int?;

        public bool Strikes(DiskCall made, string path, string? secondPath)
        {
            if ((call is not null && call != made) || !(IsBelow(path) || (secondPath is not null && IsBelow(secondPath))))
            {
                return false;
            }

            int match = Interlocked.Increment(ref _matches);
            return always ? match >= first : match == first;
        }

        private bool IsBelow(string path) =>
            path.StartsWith(prefix, StringComparison.Ordinal)
            && (prefix.Length == 0 || path.Length == prefix.Length || prefix[^1] == '/' || path[prefix.Length] == '/');
    }
}
