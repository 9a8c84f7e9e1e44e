using VirtualEmFs.Codecs.Inflating;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Codecs;

/// <summary>One piece of a batch.</summary>
/// <param name="StoredOffset">Where its stored bytes begin in the batch's run.</param>
/// <param name="BlockOffset">Where its samples go in the batch's block; negative when they have to be placed row by row.</param>
/// <param name="LengthBytes">Bytes that the piece decodes to.</param>
public readonly record struct PieceTask(int StoredOffset, int StoredLengthBytes, uint FilterMask, int BlockOffset, int LengthBytes)
{
    /// <summary>True when the piece decodes straight into the block.</summary>
    public bool IsInPlace => BlockOffset >= 0;
}

/// <summary>The pieces of a batch, handed out one after the other.</summary>
public interface IPieceQueue
{
    /// <summary>The next piece, if there is one.</summary>
    /// <param name="index">The queue's own number for it.</param>
    bool TryNext(out int index, out PieceTask task);

    /// <summary>A piece is decoded or damaged; not necessarily in the order in which pieces were handed out.</summary>
    /// <param name="decoded">The samples of a piece that is not in place; empty otherwise. Valid during the call.</param>
    /// <param name="block">The batch's block, to place them in.</param>
    void Complete(int index, DecodeOutcome outcome, ReadOnlySpan<byte> decoded, Span<byte> block);
}

/// <summary>
/// Decodes many pieces of one pipeline: deflate streams two at a time (<see cref="PairInflater"/>), everything else one by one.
/// </summary>
/// <remarks>Any thread; works in native memory of the thread. An exception that the queue throws ends the batch.</remarks>
public static class PieceBatch
{
    private const int KeptScratchBytes = 4 << 20;

    [ThreadStatic]
    private static Workspace? t_workspace;

    /// <summary>Decodes all pieces of a queue.</summary>
    /// <param name="run">Bytes as stored.</param>
    /// <param name="block">Where pieces go that lie in place; must not overlap <paramref name="run"/>.</param>
    public static void Decode<TQueue>(Pipeline pipeline, ReadOnlySpan<byte> run, Span<byte> block, ref TQueue queue)
        where TQueue : struct, IPieceQueue
    {
        var workspace = t_workspace ??= new Workspace();
        bool endsWithDeflate = pipeline.Steps is [.., { Kind: FilterKind.Deflate }] && pipeline.Steps.Length <= 32;
        if (endsWithDeflate && PairInflater.IsSupported && PiecePipeline.FindUnsupported(pipeline) is null)
        {
            unsafe
            {
                // SAFETY: both stay pinned for as long as the lanes run; tasks are checked against their lengths.
                fixed (byte* runStart = run, blockStart = block)
                {
                    var streams = new Streams<TQueue>(pipeline, runStart, run.Length, blockStart, block.Length, workspace, ref queue);
                    workspace.Lanes.Run(ref streams);
                }
            }
        }
        else
        {
            while (queue.TryNext(out int index, out var task))
            {
                var decoded = task.IsInPlace ? block.Slice(task.BlockOffset, task.LengthBytes) : workspace.Pieces[0].Borrow(task.LengthBytes);
                var outcome = PiecePipeline.Decode(
                    pipeline, task.FilterMask, run.Slice(task.StoredOffset, task.StoredLengthBytes), decoded);
                queue.Complete(index, outcome, task.IsInPlace ? [] : decoded, block);
            }
        }

        workspace.TrimTo(KeptScratchBytes);
    }

    /// <summary>What one thread keeps between batches; two of each, one for each lane.</summary>
    private sealed class Workspace
    {
        public PairInflater Lanes { get; } = new();

        /// <summary>Pieces that are placed row by row.</summary>
        public ScratchBuffer[] Pieces { get; } = [new(), new()];

        /// <summary>What was inflated and has steps before it.</summary>
        public ScratchBuffer[] Inflated { get; } = [new(), new()];

        public void TrimTo(int keepBytes)
        {
            foreach (var buffer in (ReadOnlySpan<ScratchBuffer>)[.. Pieces, .. Inflated])
            {
                buffer.TrimTo(keepBytes);
            }
        }
    }

    /// <summary>The deflate streams of the pieces, and what remains to be done once each is inflated.</summary>
    private unsafe ref struct Streams<TQueue>(
        Pipeline pipeline, byte* run, int runLengthBytes, byte* block, int blockLengthBytes, Workspace workspace, ref TQueue queue)
        : IInflateQueue
        where TQueue : struct, IPieceQueue
    {
        private readonly ref TQueue _queue = ref queue;
        private readonly int _deflateStep = pipeline.Steps.Length - 1;
        private (int Index, PieceTask Task, bool IsTaken) _first;
        private (int Index, PieceTask Task, bool IsTaken) _second;

        public bool TryNext(out int index, out byte* source, out int sourceLengthBytes, out byte* target, out int targetLengthBytes)
        {
            while (_queue.TryNext(out int piece, out var task))
            {
                var stored = new ReadOnlySpan<byte>(run, runLengthBytes).Slice(task.StoredOffset, task.StoredLengthBytes);
                index = _first.IsTaken ? 1 : 0;
                if (((task.FilterMask >> _deflateStep) & 1) != 0)
                {
                    DecodeWhole(piece, task, index);
                    continue;
                }

                var inflated = HasEarlierSteps(task)
                    ? workspace.Inflated[index].Borrow(PiecePipeline.LongestInput(pipeline, _deflateStep, task.FilterMask, task.LengthBytes))
                    : Destination(task, index);
                (index == 0 ? ref _first : ref _second) = (piece, task, true);

                // SAFETY: native memory, or pinned by the batch.
                fixed (byte* from = stored, to = inflated)
                {
                    source = from;
                    target = to;
                }

                (sourceLengthBytes, targetLengthBytes) = (stored.Length, inflated.Length);
                return true;
            }

            index = sourceLengthBytes = targetLengthBytes = 0;
            source = target = null;
            return false;
        }

        public void Complete(int index, int lengthBytes)
        {
            ref var slot = ref index == 0 ? ref _first : ref _second;
            (int piece, var task, _) = slot;
            slot.IsTaken = false;
            if (lengthBytes < 0)
            {
                DecodeWhole(piece, task, index);
                return;
            }

            DecodeOutcome outcome;
            var destination = Destination(task, index);
            if (HasEarlierSteps(task))
            {
                var inflated = workspace.Inflated[index].Borrow(lengthBytes);
                outcome = PiecePipeline.Decode(pipeline, task.FilterMask | (1u << _deflateStep), inflated, destination);
            }
            else
            {
                outcome = PiecePipeline.CheckLength(lengthBytes, task.LengthBytes);
            }

            _queue.Complete(piece, outcome, task.IsInPlace ? [] : destination, Block);
        }

        // Without the lanes: what they refused goes to libdeflate, which decides whether it is damaged.
        private readonly void DecodeWhole(int piece, in PieceTask task, int slot)
        {
            var stored = new ReadOnlySpan<byte>(run, runLengthBytes).Slice(task.StoredOffset, task.StoredLengthBytes);
            var destination = Destination(task, slot);
            var outcome = PiecePipeline.Decode(pipeline, task.FilterMask, stored, destination);
            _queue.Complete(piece, outcome, task.IsInPlace ? [] : destination, Block);
        }

        private readonly Span<byte> Block => new(block, blockLengthBytes);

        private readonly bool HasEarlierSteps(in PieceTask task) => (~task.FilterMask & ((1u << _deflateStep) - 1)) != 0;

        private readonly Span<byte> Destination(in PieceTask task, int slot) => task.IsInPlace
            ? Block.Slice(task.BlockOffset, task.LengthBytes)
            : workspace.Pieces[slot].Borrow(task.LengthBytes);
    }
}
