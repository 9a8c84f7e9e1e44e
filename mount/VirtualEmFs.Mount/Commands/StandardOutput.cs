using System.Text;

namespace VirtualEmFs.Mount.Commands;

/// <summary>Standard output that says so when it is what fails: the system's own words, "No space left on device", name no place.</summary>
internal sealed class StandardOutput(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Guard(() => inner.Write(value));

    public override void Write(string? value) => Guard(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Guard(() => inner.Write(buffer, index, count));

    public override void WriteLine(string? value) => Guard(() => inner.WriteLine(value));

    public override void Flush() => Guard(inner.Flush);

    private static void Guard(Action write)
    {
        try
        {
            write();
        }
        catch (IOException e)
        {
            throw new OutputException($"standard output cannot be written: {e.Message.TrimEnd('.')}", e);
        }
    }
}

/// <summary>What a command prints cannot go where it is sent, a full disk for instance.</summary>
internal sealed class OutputException(string message, Exception inner) : IOException(message, inner);
