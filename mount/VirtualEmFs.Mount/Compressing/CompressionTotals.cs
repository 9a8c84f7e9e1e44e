using System.Text.Json.Serialization;
using VirtualEmFs.Mount.Commands;

namespace VirtualEmFs.Mount.Compressing;

/// <summary>The last line of a run.</summary>
internal sealed record CompressionTotals(
    int Compressed, int Skipped, int Failed, int Guarded, long InputLengthBytes, long OutputLengthBytes, double Seconds, bool Predicted)
{
    /// <summary>For people.</summary>
    [JsonIgnore]
    public string Line =>
        $"{Compressed} {(Compressed == 1 ? "file" : "files")}{(Predicted ? " would be" : "")} compressed"
        + (Compressed > 0 ? $": {CommandOutput.Length(InputLengthBytes)} -> {(Predicted ? "about " : "")}{CommandOutput.Length(OutputLengthBytes)}, {(double)InputLengthBytes / Math.Max(1, OutputLengthBytes):F1}:1" : "")
        + (Compressed > 0 && !Predicted && Seconds > 0 ? $", {CommandOutput.Length((long)(InputLengthBytes / Seconds))}/s" : "")
        + (Guarded > 0 ? $"; {Guarded} guarded" : "") + (Skipped > 0 ? $"; {Skipped} left as they are" : "") + (Failed > 0 ? $"; {Failed} failed" : "");
}
