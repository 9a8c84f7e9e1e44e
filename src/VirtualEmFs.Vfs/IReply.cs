using System.Buffers;

namespace VirtualEmFs.Vfs;

/// <summary>
/// Answers one request, from whichever thread has the answer. Exactly one of the two methods is called, exactly once.
/// </summary>
public interface IReply<in T>
{
    void Ok(T value);

    void Fail(VfsStatus status);
}

/// <summary>A reply whose request may rightly take long, as the first write to an archive whose samples must come back before it.</summary>
public interface ISlowReply
{
    /// <summary>Takes the request out of the limits and reports of age. Before the answer; any thread.</summary>
    void MayTakeLong();
}

/// <summary>A reply whose request has brought bytes that can be kept as they lie.</summary>
public interface IBytesReply
{
    /// <summary>Keeps the bytes of the call under way for longer than the call. Once, on the thread of the call.</summary>
    /// <param name="bytes">As the call has them.</param>
    /// <returns>To be disposed of; null where they must be copied.</returns>
    IMemoryOwner<byte>? Keep(ReadOnlySpan<byte> bytes);
}

/// <summary>Answers one read, from whichever thread has the bytes. Exactly one of the two methods is called, exactly once.</summary>
public interface IReadReply
{
    /// <summary>The bytes go into pages of memory, as those of a mapping, whose rest a short answer would leave zero.</summary>
    bool FillsPages => false;

    /// <summary>The bytes; shorter than asked only at the end of the file. The span is borrowed for the call.</summary>
    void Data(ReadOnlySpan<byte> bytes);

    void Fail(VfsStatus status);
}
