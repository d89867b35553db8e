export const StatisticsPage = () => <h1>Statistics</h1>;
