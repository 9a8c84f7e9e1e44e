namespace VirtualEmFs.Truncation;

/// <summary>Truncation that is refused, or a rule that cannot be read: the message is one sentence for the user.</summary>
public sealed class TruncationException(string message) : Exception(message);
