using System.Net.Sockets;
using VirtualEmFs.Mount;
using VirtualEmFs.Mount.Status;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Status;

public sealed class NamedSocketTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Name => _folder.PathOf("mount.sock");

    [Fact]
    public void Dispose_RemovesItsNameAndLeavesNothing()
    {
        File.WriteAllText(Name, "left by a killed process");
        using (var socket = new NamedSocket(Name))
        {
            Assert.Equal([Name], Directory.GetFiles(_folder.Path));
            AssertReached(socket);
        }

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    /// <summary>A mount ends slowly while the next one is there already: that one must still be found.</summary>
    [Fact]
    public void Dispose_AfterAnotherHasTakenItsName_LeavesThatAlone()
    {
        var first = new NamedSocket(Name);
        using var next = new NamedSocket(Name);
        first.Dispose();
        Assert.Equal([Name], Directory.GetFiles(_folder.Path));
        AssertReached(next);
    }

    [Fact]
    public void New_WhereItCannotBeMade_SaysSo()
    {
        var refusal = Assert.Throws<CommandException>(() => new NamedSocket(_folder.PathOf("absent", "mount.sock")));
        Assert.StartsWith($"the status socket {_folder.PathOf("absent", "mount.sock")} cannot be made: ", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.MountFailed, refusal.ExitCode);
    }

    private void AssertReached(NamedSocket socket)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(Name));
        Assert.True(socket.Listener.Poll(TimeSpan.FromMinutes(1), SelectMode.SelectRead));
    }
}
