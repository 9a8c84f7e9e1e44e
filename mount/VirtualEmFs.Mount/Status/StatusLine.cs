using System.Net.Sockets;

namespace VirtualEmFs.Mount.Status;

/// <summary>Reads one line from a socket.</summary>
internal static class StatusLine
{
    /// <summary>The bytes before the first newline, or before the end.</summary>
    /// <exception cref="SocketException">Nothing came in time, or the line is too long.</exception>
    public static byte[] Receive(Socket socket, int maximumLengthBytes)
    {
        var line = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            int receivedBytes = socket.Receive(buffer);
            int newline = buffer.AsSpan(0, receivedBytes).IndexOf((byte)'\n');
            line.Write(buffer, 0, newline >= 0 ? newline : receivedBytes);
            if (newline >= 0 || receivedBytes == 0)
            {
                return line.ToArray();
            }

            if (line.Length > maximumLengthBytes)
            {
                throw new SocketException((int)SocketError.MessageSize);
            }
        }
    }
}
