using System.Diagnostics;

namespace VirtualEmFs.Mount.Fuse;

/// <summary>The requests that have not been answered, oldest first.</summary>
/// <remarks>Any thread. A list threaded through the requests themselves: two pointer writes under one lock for each request, no allocation.</remarks>
internal sealed class ActiveRequests
{
    private readonly Lock _gate = new();
    private FuseRequest? _oldest; // guarded by _gate, as are the requests' Older and Newer
    private FuseRequest? _newest; // guarded by _gate
    private int _count; // guarded by _gate

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>The oldest; null when there is none.</summary>
    public FuseRequest? Oldest
    {
        get
        {
            lock (_gate)
            {
                return _oldest;
            }
        }
    }

    /// <summary>Age of the oldest but those that may take long; zero when there is none.</summary>
    public TimeSpan OldestAge =>
        OlderThan(TimeSpan.Zero, 1) is [var oldest, ..] ? Stopwatch.GetElapsedTime(oldest.StartedTimestamp) : TimeSpan.Zero;

    public void Add(FuseRequest request)
    {
        lock (_gate)
        {
            request.Older = _newest;
            if (_newest is null)
            {
                _oldest = request;
            }
            else
            {
                _newest.Newer = request;
            }

            _newest = request;
            _count++;
        }
    }

    public void Remove(FuseRequest request)
    {
        lock (_gate)
        {
            if (request.Older is null)
            {
                _oldest = request.Newer;
            }
            else
            {
                request.Older.Newer = request.Newer;
            }

            if (request.Newer is null)
            {
                _newest = request.Older;
            }
            else
            {
                request.Newer.Older = request.Older;
            }

            request.Older = request.Newer = null;
            _count--;
        }
    }

    /// <summary>Requests that have waited at least so long, oldest first, at most <paramref name="maximumCount"/>; without those that may take long.</summary>
    public IReadOnlyList<FuseRequest> OlderThan(TimeSpan age, int maximumCount)
    {
        var found = new List<FuseRequest>();
        lock (_gate)
        {
            for (FuseRequest? request = _oldest;
                 request is not null && found.Count < maximumCount && Stopwatch.GetElapsedTime(request.StartedTimestamp) >= age;
                 request = request.Newer)
            {
                if (!request.IsSlow)
                {
                    found.Add(request);
                }
            }
        }

        return found;
    }
}
