using VirtualEmFs.Vfs;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>Counts requests by kind, refusals and failures by outcome, and exceptions.</summary>
/// <remarks>Any thread. The numbers only grow; a reader sees each whole, not all at one moment.</remarks>
internal sealed class RequestCounters
{
    private readonly long[] _requests = new long[Enum.GetValues<FuseOperation>().Length];
    private readonly long[] _outcomes = new long[Enum.GetValues<VfsStatus>().Length];
    private long _exceptions;
    private long _bytesRead;

    public long Exceptions => Interlocked.Read(ref _exceptions);

    /// <summary>Bytes given to read requests.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    public void Started(FuseOperation operation) => Interlocked.Increment(ref _requests[(int)operation]);

    public void Failed(VfsStatus status) => Interlocked.Increment(ref _outcomes[(int)status]);

    public void Threw() => Interlocked.Increment(ref _exceptions);

    public void Read(int lengthBytes) => Interlocked.Add(ref _bytesRead, lengthBytes);

    public long RequestsOf(FuseOperation operation) => Interlocked.Read(ref _requests[(int)operation]);

    /// <summary>Requests by kind, in libfuse's names; kinds that never came are left out.</summary>
    public IReadOnlyDictionary<string, long> Requests() => NonZero<FuseOperation>(_requests);

    /// <summary>Requests that did not succeed, by outcome; outcomes that never came are left out.</summary>
    public IReadOnlyDictionary<string, long> Failures() => NonZero<VfsStatus>(_outcomes);

    private static Dictionary<string, long> NonZero<TKey>(long[] counts)
        where TKey : struct, Enum
    {
        var result = new Dictionary<string, long>();
        TKey[] keys = Enum.GetValues<TKey>();
        for (int i = 0; i < counts.Length; i++)
        {
            long count = Interlocked.Read(ref counts[i]);
            if (count != 0)
            {
                result.Add(keys[i].ToString().ToLowerInvariant(), count);
            }
        }

        return result;
    }
}
