using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Codecs.Inflating;

/// <summary>What a <see cref="PairInflater"/> decodes, one stream after the other.</summary>
internal unsafe interface IInflateQueue
{
    /// <summary>The next stream, if there is one.</summary>
    /// <param name="index">The caller's number for it.</param>
    /// <param name="source">Stays where it is, as the target does, until the stream is completed.</param>
    bool TryNext(out int index, out byte* source, out int sourceLengthBytes, out byte* target, out int targetLengthBytes);

    /// <summary>A stream is over.</summary>
    /// <param name="lengthBytes">Bytes it decoded to; -1 when the lanes refused it: damaged, or better left to libdeflate.</param>
    void Complete(int index, int lengthBytes);
}

/// <summary>
/// Inflates zlib streams of noise, two at a time, faster than a decoder that goes through one stream at a time can. What is not noise, or not sound,
/// is refused and left to libdeflate, which so decides about every damaged stream.
/// </summary>
/// <remarks>One thread at a time; holds about 28 KiB of native memory.</remarks>
internal sealed unsafe class PairInflater : IDisposable
{
    private Memory* _memory;

    public PairInflater()
    {
        _memory = (Memory*)NativeMemory.AlignedAlloc((nuint)sizeof(Memory), 64);
        _memory->First.State = _memory->Second.State = LaneState.Idle;
    }

    ~PairInflater() => Free();

    /// <summary>True where the lanes are faster than libdeflate.</summary>
    public static bool IsSupported => InflateLoops.IsSupported;

    /// <summary>Decodes all streams of a queue.</summary>
    public void Run<TQueue>(ref TQueue queue)
        where TQueue : struct, IInflateQueue, allows ref struct
    {
        var first = &_memory->First;
        var second = &_memory->Second;
        int firstIndex = 0, secondIndex = 0;

        // A queue that threw an exception may have left streams behind.
        first->State = second->State = LaneState.Idle;
        while (true)
        {
            bool hasFirst = TryGoOn(first, ref firstIndex, ref queue);
            bool hasSecond = TryGoOn(second, ref secondIndex, ref queue);
            if (hasFirst && hasSecond && IsPair(first, second))
            {
                RunPair(first, second);
            }
            else if (hasFirst)
            {
                RunOne(first);
            }
            else if (hasSecond)
            {
                RunOne(second);
            }
            else
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    // Completes what is over, and starts streams until one runs; false when there are none left.
    private static bool TryGoOn<TQueue>(InflateLane* lane, ref int index, ref TQueue queue)
        where TQueue : struct, IInflateQueue, allows ref struct
    {
        while (!lane->IsRunning)
        {
            if (lane->State != LaneState.Idle)
            {
                int lengthBytes = lane->State == LaneState.Done ? lane->LengthBytes : -1;
                lane->State = LaneState.Idle;
                queue.Complete(index, lengthBytes);
            }

            if (!queue.TryNext(out index, out byte* source, out int sourceLengthBytes, out byte* target, out int targetLengthBytes))
            {
                return false;
            }

            lane->Start(source, sourceLengthBytes, target, targetLengthBytes);
        }

        return true;
    }

    private static bool IsPair(InflateLane* first, InflateLane* second) => first->State == second->State && first->State != LaneState.Joined;

    private static void RunPair(InflateLane* first, InflateLane* second)
    {
        while (first->IsRunning && IsPair(first, second))
        {
            long firstRounds = InflateLoops.RoundsOf(*first);
            long secondRounds = InflateLoops.RoundsOf(*second);
            long rounds = Math.Min(firstRounds, secondRounds);
            int stopped = rounds <= 0
                ? firstRounds <= 0 ? 1 : 2
                : first->State == LaneState.Mixed
                    ? InflateLoops.Run<InflateLoops.Mixed>(first, second, rounds)
                    : InflateLoops.Run<InflateLoops.Literals>(first, second, rounds);
            if (stopped != 0)
            {
                (stopped == 1 ? first : second)->Step();
            }
        }
    }

    // Until the stream or the block is over: then its neighbour may be of the same kind again.
    private static void RunOne(InflateLane* lane)
    {
        var state = lane->State;
        while (lane->State == state)
        {
            long rounds = InflateLoops.RoundsOf(*lane);
            int stopped = rounds <= 0
                ? 1
                : state switch
                {
                    LaneState.Mixed => InflateLoops.Run<InflateLoops.Mixed>(lane, rounds),
                    LaneState.Joined => InflateLoops.Run<InflateLoops.Joined>(lane, rounds),
                    _ => InflateLoops.Run<InflateLoops.Literals>(lane, rounds),
                };
            if (stopped != 0)
            {
                lane->Step();
            }
        }
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    private struct Memory
    {
        public InflateLane First;
        public InflateLane Second;
    }
}
