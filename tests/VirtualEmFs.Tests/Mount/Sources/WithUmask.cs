using System.Runtime.InteropServices;
using Xunit;

namespace VirtualEmFs.Tests.Mount.Sources;

/// <summary>Runs something under another umask, which is that of one thread: the tests beside it keep theirs.</summary>
internal static partial class WithUmask
{
    private const int CLONE_FS = 0x200;

    public static void Run(uint umask, Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Assert.Equal(0, Unshare(CLONE_FS));
                _ = SetUmask(umask);
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }

    [LibraryImport("libc", EntryPoint = "unshare")]
    private static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint SetUmask(uint mask);
}
