using VirtualEmFs.Frames;
using VirtualEmFs.Frames.Mrc;
using VirtualEmFs.Vfs.Names;
using Xunit;

namespace VirtualEmFs.Tests.Vfs.Names;

public sealed class NameRulesTests
{
    private static ArchiveName Archive(string name)
    {
        Assert.True(ArchiveName.TryParse(name, out var archive));
        return archive;
    }

    [Theory]
    [InlineData("X.hdf", "X", 0)]
    [InlineData("X.h5", "X", 1)]
    [InlineData("X.hdf5", "X", 2)]
    [InlineData("X.tif", "X", 3)]
    [InlineData("X.tiff", "X", 4)]
    [InlineData("X.eer", "X", 5)]
    [InlineData("X.ecc", "X", 6)]
    [InlineData("X.mrcz", "X", 7)]
    [InlineData("X.HDF", "X", 0)]
    [InlineData("a.b.Tif", "a.b", 3)]
    [InlineData("TS.rec.hdf", "TS.rec", 0)]
    public void TryParse_ArchiveExtensions_CutsTheName(string name, string stem, int rank)
    {
        var archive = Archive(name);
        Assert.Equal((name, stem, rank, false), (archive.Name, archive.Stem, archive.Rank, archive.IsSet));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".hdf")]
    [InlineData("hdf")]
    [InlineData("X.mrc")]
    [InlineData("X.hdf.bak")]
    [InlineData("X.h6")]
    public void TryParse_OtherNames_Fails(string name) => Assert.False(ArchiveName.TryParse(name, out _));

    [Theory]
    [InlineData("X.hdf", ArchiveContent.Image, "X.mrc", "X.hdf.mrc")]
    [InlineData("X.hdf", ArchiveContent.Volume, "X.mrc", "X.hdf.mrc")]
    [InlineData("X.tif", ArchiveContent.Stack, "X.mrcs", "X.tif.mrcs")]
    [InlineData("X.eer", ArchiveContent.Folder, "X", "X.eer.mrcs")]
    [InlineData("TS.rec.hdf", ArchiveContent.Volume, "TS.rec", "TS.rec.hdf.mrc")]
    [InlineData("run_half1.mrc.hdf", ArchiveContent.Stack, "run_half1.mrc", "run_half1.mrc.hdf.mrcs")]
    [InlineData("A.MRC.h5", ArchiveContent.Stack, "A.MRC", "A.MRC.h5.mrcs")]
    public void Names_OfAnArchive_FollowItsContentUnlessItIsNamedLikeAnMrcFile(
        string name, ArchiveContent content, string shortName, string longName)
    {
        Assert.Equal(shortName, NameRules.ShortName(Archive(name), content));
        Assert.Equal(longName, NameRules.LongName(Archive(name), content));
    }

    [Fact]
    public void TryAsSet_MasterFiles_HaveTheStemOfTheSet()
    {
        Assert.True(Archive("X_master.h5").TryAsSet(out var set));
        Assert.Equal(("X_master.h5", "X", true), (set.Name, set.Stem, set.IsSet));
        Assert.Equal("X.mrcs", NameRules.ShortName(set, ArchiveContent.Stack));
        Assert.False(Archive("_master.h5").TryAsSet(out _));
        Assert.False(Archive("X_master.hdf").TryAsSet(out _));
        Assert.False(Archive("X_data_000001.h5").TryAsSet(out _));
    }

    [Theory]
    [InlineData("X.mrc", "X.mrc X")]
    [InlineData("X.mrcs", "X.mrcs X")]
    [InlineData("X", "X")]
    [InlineData("TS.rec", "TS.rec")]
    [InlineData(".mrc", ".mrc")]
    [InlineData("X.MRC", "X.MRC")]
    [InlineData("X.tif.mrc", "X.tif.mrc X.tif X X.mrc X.mrcs")]
    [InlineData("X_master.h5.mrcs", "X_master.h5.mrcs X_master.h5 X_master X_master.mrc X_master.mrcs X X.mrc X.mrcs")]
    public void StemsOf_LookedUpNames_AreThoseThatHaveASay(string name, string stems) =>
        Assert.Equal(stems.Split(' '), NameRules.StemsOf(name));

    [Theory]
    [InlineData("X.mrc", "X.hdf", ArchiveContent.Image, MrcView.Natural)]
    [InlineData("X.mrcs", "X.hdf", ArchiveContent.Image, MrcView.Natural)]
    [InlineData("X.mrc", "X.hdf", ArchiveContent.Volume, MrcView.Natural)]
    [InlineData("X.mrcs", "X.hdf", ArchiveContent.Volume, MrcView.Stack)]
    [InlineData("X.mrcs", "X.hdf", ArchiveContent.Stack, MrcView.Natural)]
    [InlineData("X.mrc", "X.hdf", ArchiveContent.Stack, MrcView.Volume)]
    [InlineData("X.tif.mrc", "X.tif", ArchiveContent.Stack, MrcView.Volume)]
    [InlineData("X.mrc", "X.mrc.hdf", ArchiveContent.Stack, MrcView.Natural)]
    [InlineData("TS.st", "TS.st.hdf", ArchiveContent.Volume, MrcView.Stack)]
    [InlineData("TS.rec", "TS.rec.hdf", ArchiveContent.Stack, MrcView.Volume)]
    [InlineData("TS.rec", "TS.rec.hdf", ArchiveContent.Image, MrcView.Natural)]
    public void ViewOf_NameAndContent_SuitsWhatProgramsReadFromTheName(string virtualName, string archive, ArchiveContent content, MrcView view) =>
        Assert.Equal(view, NameRules.ViewOf(virtualName, Archive(archive), content, hasOwnHeader: false));

    [Theory]
    [InlineData("TS.rec", "TS.rec.hdf", MrcView.Natural)]
    [InlineData("TS.rec~", "TS.rec~.hdf", MrcView.Natural)]
    [InlineData("X.mrc", "X.hdf", MrcView.Volume)]
    public void ViewOf_StackWithAHeaderOfItsOwn_KeepsItUnderItsOwnName(string virtualName, string archive, MrcView view) =>
        Assert.Equal(view, NameRules.ViewOf(virtualName, Archive(archive), ArchiveContent.Stack, hasOwnHeader: true));

    [Theory]
    [InlineData("000000.mrc", 0)]
    [InlineData("000123.mrc", 123)]
    [InlineData("1234567.mrc", 1234567)]
    public void TryParseMember_ExactNames_GiveTheNumber(string name, int number)
    {
        Assert.True(NameRules.TryParseMember(name, out int parsed));
        Assert.Equal(number, parsed);
        Assert.Equal(name, NameRules.MemberName(number));
    }

    [Theory]
    [InlineData("0.mrc")]
    [InlineData("0000000.mrc")]
    [InlineData("-00001.mrc")]
    [InlineData("+00001.mrc")]
    [InlineData("00000a.mrc")]
    [InlineData("000000.mrcs")]
    [InlineData("000000")]
    [InlineData("99999999999.mrc")]
    public void TryParseMember_OtherNames_Fails(string name) => Assert.False(NameRules.TryParseMember(name, out _));
}
