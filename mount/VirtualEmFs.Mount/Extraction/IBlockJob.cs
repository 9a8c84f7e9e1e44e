using VirtualEmFs.Frames;

namespace VirtualEmFs.Mount.Extraction;

/// <summary>A file whose blocks are worked on by several threads, in any order.</summary>
internal interface IBlockJob : IDisposable
{
    long BlockCount { get; }

    /// <summary>Works on one block. Any thread.</summary>
    /// <param name="buffer">The calling thread's own.</param>
    /// <exception cref="IOException">The block is damaged or cannot be written; no further block is handed out.</exception>
    void Process(long block, WorkerBuffer buffer, DecodeSlots slots);

    /// <summary>Called once, when the last block is done.</summary>
    /// <param name="fault">The first fault in file order; null when every block succeeded.</param>
    void Finish(IOException? fault);
}
