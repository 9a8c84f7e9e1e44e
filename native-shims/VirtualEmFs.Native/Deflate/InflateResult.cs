namespace VirtualEmFs.Native.Deflate;

/// <summary>How a decompression ended: <c>enum libdeflate_result</c>.</summary>
public enum InflateResult
{
    /// <summary>The whole stream was decoded and its checksum is right.</summary>
    Success = 0,

    /// <summary>The stream is not valid, ends too early, or fails its checksum.</summary>
    BadData = 1,

    /// <summary>The stream decodes to less than was asked for. Not used where the actual length is returned.</summary>
    ShortOutput = 2,

    /// <summary>The stream decodes to more than the destination holds.</summary>
    InsufficientSpace = 3,
}
