using System.Net.Sockets;
using System.Security.Cryptography;
using VirtualEmFs.Native.Libc;

namespace VirtualEmFs.Mount.Status;

/// <summary>A listening Unix socket with a name that the next mount on the same mount point may take over, while this one still ends.</summary>
internal sealed class NamedSocket : IDisposable
{
    private readonly string _path;
    private readonly Statx _file;

    /// <summary>Listens, and takes the name from whoever has it: what a killed process left, or a mount that ends.</summary>
    /// <exception cref="CommandException">The socket cannot be made.</exception>
    public NamedSocket(string path)
    {
        _path = path;

        // Bound to another name, no longer than the own one: at its end the runtime deletes the path that a socket was bound to, whosever it is by then.
        string boundPath = Path.Combine(Path.GetDirectoryName(path)!, $"{RandomNumberGenerator.GetHexString(16, lowercase: true)}.new");
        try
        {
            Listener.Bind(new UnixDomainSocketEndPoint(boundPath));
            Listener.Listen();
            Check(LinuxFile.Stat(boundPath, followLinks: false, out _file));
            Check(LinuxCommit.Rename(boundPath, path));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            Listener.Dispose();
            throw new CommandException(ExitCode.MountFailed, $"the status socket {path} cannot be made: {e.Message}");
        }
    }

    public Socket Listener { get; } = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Nothing has the name any more, nor perhaps is its folder there.</summary>
    public bool HasLostItsName => LinuxFile.Stat(_path, followLinks: false, out _) == Errno.ENOENT;

    /// <summary>Ends it, and removes its name, unless that is another's by now.</summary>
    public void Dispose()
    {
        // While it is open, no other file can have its inode.
        if (LinuxFile.Stat(_path, followLinks: false, out Statx found) == 0 && (found.Device, found.stx_ino) == (_file.Device, _file.stx_ino))
        {
            _ = LinuxCommit.Unlink(_path);
        }

        Listener.Dispose();
    }

    private static void Check(int errno)
    {
        if (errno != 0)
        {
            throw new IOException(Errno.Message(errno));
        }
    }
}
