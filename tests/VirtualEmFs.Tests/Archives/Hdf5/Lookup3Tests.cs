using VirtualEmFs.Archives.Hdf5;
using Xunit;

namespace VirtualEmFs.Tests.Archives.Hdf5;

public sealed class Lookup3Tests
{
    /// <summary>The values that the hash's author publishes.</summary>
    [Fact]
    public void Hash_OfPublishedTexts_IsTheirs()
    {
        Assert.Equal(0xDEADBEEFu, Lookup3.Hash([]));
        Assert.Equal(0x17770551u, Lookup3.Hash("Four score and seven years ago"u8));
    }
}
