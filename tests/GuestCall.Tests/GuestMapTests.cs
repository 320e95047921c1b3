namespace GuestCall.Tests;

public class GuestMapTests
{
    [Fact]
    public void Areas_are_whole_pages_without_gaps_or_overlaps()
    {
        int end = 0;
        foreach (GuestArea area in GuestMap.Areas)
        {
            Assert.Equal(end, area.Offset);
            Assert.Equal(0, area.Size % 4096);
            end = area.End;
        }

        Assert.Equal(GuestMap.Size, end);
    }

    [Fact]
    public void The_program_fits_its_area() =>
        Assert.InRange(GuestProgram.Assemble(Completion.PortOut).Length, 1, GuestMap.Code.Size);

    [Fact]
    public void Attacks_are_numbered_from_one() =>
        Assert.Equal(Enumerable.Range(1, Attack.All.Count), Attack.All.Select(attack => (int)attack.Kind));
}
